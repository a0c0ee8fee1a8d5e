// truth: safe: the program takes the total and clears it while the signal is blocked
// expect: pass
#include "corpus.h"
static volatile long total;
static void on(int s) { (void)s; total = total + 1; }
int main(void) {
    INSTALL(SIGUSR1, on);
    sigset_t m, o;
    sigemptyset(&m);
    sigaddset(&m, SIGUSR1);
    for (;;) {
        sleep(1);
        if (total == 0) continue;
        sigprocmask(SIG_BLOCK, &m, &o);
        long t = total;
        total = 0;
        sigprocmask(SIG_SETMASK, &o, 0);
        printf("%ld\n", t);
    }
}
