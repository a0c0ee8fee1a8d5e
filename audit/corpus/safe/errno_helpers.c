// truth: safe: errno is saved by one function and restored by another
#include "corpus.h"
NOINLINE static int keep(void) { return errno; }
NOINLINE static void put_back(int saved) { errno = saved; }
static void handler(int s) {
    int saved = keep();
    (void)s;
    (void)!write(2, "x", 1);
    put_back(saved);
}
MAIN(handler)
