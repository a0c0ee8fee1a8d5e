// truth: unsafe: the program loads the total before it blocks the signal, and stores after
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
        long t = total;
        sigprocmask(SIG_BLOCK, &m, &o);
        total = t * 3 / 2;
        sigprocmask(SIG_SETMASK, &o, 0);
    }
}
