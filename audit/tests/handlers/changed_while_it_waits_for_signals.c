// expect: undecided
// The program loads the word, waits with sigsuspend, in which the signal comes, and stores what it has loaded.
#include "corpus.h"
static volatile unsigned n;
static void handler(int s) { (void)s; n = n + 1; }
int main(void) {
    sigset_t set, old; sigemptyset(&set); sigaddset(&set, SIGUSR1); sigprocmask(SIG_BLOCK, &set, &old);
    INSTALL(SIGUSR1, handler);
    for (;;) { unsigned was = n; sigsuspend(&old); n = was / 2; printf("%u\n", was); }
}
