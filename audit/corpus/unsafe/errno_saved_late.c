// truth: unsafe: errno is saved after the call that changes it
#include "corpus.h"
static void handler(int s) {
    (void)s;
    (void)!write(-1, "x", 1);
    int saved = errno;
    kill(getpid(), SIGWINCH);
    errno = saved;
}
MAIN(handler)
