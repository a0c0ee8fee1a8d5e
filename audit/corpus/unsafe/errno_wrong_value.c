// truth: unsafe: what is put back is not what was saved
#include "corpus.h"
static void handler(int s) {
    int saved = errno;
    (void)!write(2, "x", 1);
    if (saved == EINTR) saved = s;
    errno = saved;
}
MAIN(handler)
