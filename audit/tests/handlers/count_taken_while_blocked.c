// expect: pass
// The program takes the count and clears it while the signal is blocked.
#include "corpus.h"
static volatile unsigned long count;
static void handler(int s) { (void)s; count++; }
int main(void) {
    sigset_t set, old; INSTALL(SIGUSR1, handler); sigemptyset(&set); sigaddset(&set, SIGUSR1);
    for (;;) { pause(); sigprocmask(SIG_BLOCK, &set, &old); unsigned long n = count; count = 0; sigprocmask(SIG_SETMASK, &old, 0); printf("%lu\n", n); }
}
