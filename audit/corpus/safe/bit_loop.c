// truth: safe: for each bit of a mask that is set a flag; the mask loses a bit in each round
#include "corpus.h"
static volatile sig_atomic_t flags[32];
static volatile unsigned pending;
static void handler(int s) {
    unsigned m = pending | 1u << (s & 31);
    while (m) { flags[__builtin_ctz(m)] = 1; m &= m - 1; }
}
MAIN(handler)
