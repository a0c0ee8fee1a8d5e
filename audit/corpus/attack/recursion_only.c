// truth: unsafe: a function that calls itself as often as a global says, with nothing else wrong
#include "corpus.h"
volatile sig_atomic_t n, depth = 100000;
NOINLINE static void down(int k) { volatile char frame[100]; frame[k & 63] = 1; if (k > 0) down(k - 1); n = frame[k & 63]; }
static void handler(int s) { (void)s; down(depth); }
MAIN(handler)
