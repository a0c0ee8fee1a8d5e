// truth: unsafe: the helper changes errno and nobody saves it
#include "corpus.h"
NOINLINE static void wake(void) { (void)!write(-1, "x", 1); }
static void handler(int s) { (void)s; wake(); }
MAIN(handler)
