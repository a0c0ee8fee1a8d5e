// truth: unsafe: the signal is blocked for a while, and unblocked again before the count is put back
// expect: fail
#include "corpus.h"
static volatile int waiting;
static void handler(int sig) { waiting++; }
static int next(void) {
    sigset_t all, old; int some;
    sigfillset(&all); sigprocmask(SIG_BLOCK, &all, &old);
    some = waiting;
    sigprocmask(SIG_SETMASK, &old, NULL);
    waiting = (waiting - 1) % 7;
    return some;
}
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { pause(); while (next() > 1) puts("one"); } }
