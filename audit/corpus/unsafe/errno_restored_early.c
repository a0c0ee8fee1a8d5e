// truth: unsafe: a call that changes errno stands behind its restoring
#include "corpus.h"
static void handler(int s) {
    int saved = errno;
    (void)s;
    (void)!write(2, "x", 1);
    errno = saved;
    kill(-1000000, 0);
}
MAIN(handler)
