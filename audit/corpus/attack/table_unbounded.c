// truth: unsafe: the index into a const table of functions has no bound
#include "corpus.h"
volatile sig_atomic_t last;
volatile unsigned which = 5;
NOINLINE static void up(int s) { last = s; }
NOINLINE static void down(int s) { last = -s; }
static void (*const table[2])(int) = {up, down};
static void handler(int s) { table[which](s); }
MAIN(handler)
