// truth: unsafe: a function that ends in _exit on one path and returns on the other, behind which stands a call of stdio
#include "corpus.h"
volatile sig_atomic_t n, stay;
NOINLINE static void leave(int s) { if (!stay) _exit(s); n = 1; }
static void handler(int s) { leave(s); printf("still here\n"); }
MAIN(handler)
