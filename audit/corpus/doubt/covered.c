// truth: doubt: compiled for coverage; counters that are no atomics are counted up in the handler
// flags: --coverage
// only: gcc-O2
#include "corpus.h"
volatile sig_atomic_t n;
static void handler(int s) { if (s == 10) n = 1; else n = 2; }
MAIN(handler)
