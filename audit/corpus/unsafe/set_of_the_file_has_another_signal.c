// truth: unsafe: the set of the file is filled in another function, with another signal
#include "corpus.h"
static volatile unsigned n;
static sigset_t set;
static void handler(int s) { (void)s; n = n + 1; }
NOINLINE static void prepare(void) { INSTALL(SIGUSR1, handler); sigemptyset(&set); sigaddset(&set, SIGUSR2); }
int main(void) {
    sigset_t old; prepare();
    for (;;) { sigprocmask(SIG_BLOCK, &set, &old); n = n / 3; sigprocmask(SIG_SETMASK, &old, 0); printf("%u\n", n); }
}
