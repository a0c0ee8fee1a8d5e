// truth: safe: the handler compares the two ends of a range, which the program moves with the signal blocked
// expect: pass
#include "corpus.h"
static volatile int low, high = 8;
static volatile sig_atomic_t bad;
static void handler(int s) { (void)s; if (high - low != 8) bad = 1; }
int main(void) {
    sigset_t all, old;
    INSTALL(SIGUSR1, handler);
    sigfillset(&all);
    for (;;) {
        pause();
        sigprocmask(SIG_BLOCK, &all, &old);
        low += 3; high += 3;
        sigprocmask(SIG_SETMASK, &old, NULL);
        if (bad) abort();
    }
}
