// truth: safe: clock_gettime is on the list; one atomic word is stored
#include "corpus.h"
_Atomic long at;
static void handler(int s) {
    int saved = errno;
    struct timespec now;
    (void)s;
    if (clock_gettime(CLOCK_MONOTONIC, &now) == 0) at = now.tv_sec * 1000 + now.tv_nsec / 1000000;
    errno = saved;
}
MAIN(handler)
