// truth: unsafe: errno is put back on one path of two
#include "corpus.h"
volatile sig_atomic_t quiet;
static void handler(int s) {
    int saved = errno;
    if (write(2, "x", 1) < 0) { quiet = s; return; }
    errno = saved;
}
MAIN(handler)
