// truth: unsafe: errno is put back at the end of a loop's round, and the loop is left in its middle
#include "corpus.h"
static void handler(int s) {
    for (int i = 0; i < 4; i++) {
        int saved = errno;
        if (write(s, "x", 1) < 0) break;
        errno = saved;
    }
}
MAIN(handler)
