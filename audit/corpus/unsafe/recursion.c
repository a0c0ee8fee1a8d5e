// truth: unsafe: a recursion as deep as a global says
#include "corpus.h"
volatile int depth = 1000000;
volatile sig_atomic_t sum;
NOINLINE static int down(int n) { volatile char frame[64]; frame[n & 63] = 1; return n <= 0 ? 0 : frame[n & 63] + down(n - 1); }
static void handler(int s) { (void)s; sum = down(depth); }
MAIN(handler)
