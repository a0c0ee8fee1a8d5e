// truth: unsafe: a store into .rodata through a computed address
#include "corpus.h"
static const int fixed[4] = {1, 2, 3, 4};
static void handler(int s) { *(volatile int *)(uintptr_t)&fixed[s & 3] = s; }
MAIN(handler)
