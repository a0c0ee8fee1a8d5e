// truth: unsafe: malloc through a const table of callbacks
#include "corpus.h"
void *volatile kept;
NOINLINE static void nothing(int s) { (void)s; }
NOINLINE static void take(int s) { kept = malloc((size_t)s); }
static void (*const table[2])(int) = {nothing, take};
static void handler(int s) { table[s & 1](s); }
MAIN(handler)
