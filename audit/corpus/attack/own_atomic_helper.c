// truth: unsafe: __atomic_fetch_add_16 from libatomic may take a lock; the 16-byte atomic is not inlined
// with: own_atomic.c
#include "corpus.h"
unsigned __int128 total;
unsigned __int128 __atomic_fetch_add_16(volatile void *p, unsigned __int128 n, int order);
static void handler(int s) { (void)__atomic_fetch_add_16(&total, (unsigned)s, 5); }
MAIN(handler)
