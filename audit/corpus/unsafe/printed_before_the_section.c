// truth: unsafe: the program prints the total and then clears it while the signal is blocked
// expect: fail
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
        printf("%ld\n", total);
        sigprocmask(SIG_BLOCK, &m, &o);
        total = 0;
        sigprocmask(SIG_SETMASK, &o, 0);
    }
}
