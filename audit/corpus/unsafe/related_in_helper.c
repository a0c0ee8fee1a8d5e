// truth: unsafe: the two stores that belong together are made by two functions
#include "corpus.h"
struct { long low, high; } range;
NOINLINE static void set_low(long n) { range.low = n; }
NOINLINE static void set_high(long n) { range.high = n; }
static void handler(int s) { set_low(s); set_high(s + 1); }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) if (*(volatile long *)&range.low > *(volatile long *)&range.high) abort(); }
