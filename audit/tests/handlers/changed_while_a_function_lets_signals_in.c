// expect: undecided
// Between load and store the program calls a helper that lets the signals in for a moment.
#include "corpus.h"
static volatile unsigned n;
static sigset_t set, old;
static void handler(int s) { (void)s; n = n + 1; }
NOINLINE static void let_in(void) { sigprocmask(SIG_SETMASK, &old, 0); sigprocmask(SIG_BLOCK, &set, &old); }
int main(void) {
    INSTALL(SIGUSR1, handler); sigemptyset(&set); sigaddset(&set, SIGUSR1); sigprocmask(SIG_BLOCK, &set, &old);
    for (;;) { unsigned was = n; let_in(); n = was / 3; printf("%u\n", was); }
}
