// truth: unsafe: errno is saved into one variable and restored from another
#include "corpus.h"
static void handler(int s) { volatile int saved = errno, other = s; (void)!write(1, "x", 1); saved = saved + 0; errno = other; }
MAIN(handler)
