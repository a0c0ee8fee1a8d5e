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
