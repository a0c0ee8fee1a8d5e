// truth: unsafe: a remainder by a number that may be zero
#include "corpus.h"
volatile sig_atomic_t n, every;
static void handler(int s) { (void)s; if (++n % every == 0) n = 0; }
MAIN(handler)
