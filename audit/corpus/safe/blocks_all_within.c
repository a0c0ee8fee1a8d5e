// truth: safe: the handler blocks all signals for a while and restores its mask, which has its own signal
// expect: pass
#include "corpus.h"
static volatile unsigned sum;
static void handler(int s) {
    int saved = errno;
    sigset_t all, old;
    sigfillset(&all); sigprocmask(SIG_BLOCK, &all, &old);
    sum = sum * 3 + (unsigned)s;
    sigprocmask(SIG_SETMASK, &old, NULL);
    errno = saved;
}
MAIN(handler)
