// truth: unsafe: between the load and the store the handler waits with an empty mask, in which it is run again
// expect: fail
#include "corpus.h"
static volatile unsigned sum;
static void handler(int s) {
    int saved = errno;
    unsigned v = sum;
    sigset_t none;
    sigemptyset(&none);
    if (v & 1) sigsuspend(&none);
    sum = v * 3 + (unsigned)s;
    errno = saved;
}
MAIN(handler)
