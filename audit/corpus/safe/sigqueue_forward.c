// truth: safe: the siginfo's value is passed on to a child by sigqueue, errno put back
#include "corpus.h"
static volatile sig_atomic_t child;
static void handler(int s, siginfo_t *info, void *c) {
    int keep = errno; (void)c;
    union sigval value = {.sival_int = info->si_value.sival_int + 1};
    if (child > 0) sigqueue(child, s, value);
    errno = keep;
}
MAIN_INFO(handler)
