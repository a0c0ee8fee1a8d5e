// truth: safe: fetch_or with its result used compiles to a compare-and-swap loop, which somebody always wins
#include "corpus.h"
#include <stdatomic.h>
_Atomic unsigned seen;
_Atomic unsigned twice;
static void handler(int s) {
    unsigned bit = 1u << (s & 31);
    if (atomic_fetch_or(&seen, bit) & bit) atomic_store(&twice, 1u);
}
MAIN(handler)
