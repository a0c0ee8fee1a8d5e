// expect: undecided
// The helper blocks the signal only if an option is set.
#include "corpus.h"
static volatile unsigned n;
static int careful;
static sigset_t set, old;
static void handler(int s) { (void)s; n = n + 1; }
NOINLINE static void enter(void) { if (careful) sigprocmask(SIG_BLOCK, &set, &old); }
NOINLINE static void leave(void) { if (careful) sigprocmask(SIG_SETMASK, &old, 0); }
int main(int argc, char **argv) {
    (void)argv; careful = argc > 1;
    INSTALL(SIGUSR1, handler); sigemptyset(&set); sigaddset(&set, SIGUSR1);
    for (;;) { enter(); n = n / 3 + 1; leave(); printf("%u\n", n); }
}
