// truth: unsafe: the handler unblocks its own signal and then computes a word from itself: it interrupts itself
// expect: fail
#include "corpus.h"
static volatile unsigned sum;
static void handler(int s) {
    int saved = errno;
    sigset_t own;
    sigemptyset(&own); sigaddset(&own, s); sigprocmask(SIG_UNBLOCK, &own, NULL);
    sum = sum * 3 + (unsigned)s;
    errno = saved;
}
MAIN(handler)
