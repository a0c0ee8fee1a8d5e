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
