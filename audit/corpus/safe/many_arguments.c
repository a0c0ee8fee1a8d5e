// truth: safe: a helper with nine arguments, three of them on the stack
#include "corpus.h"
_Atomic long total;
NOINLINE static long sum(long a, long b, long c, long d, long e, long f, long g, long h, long i) { return a + b + c + d + e + f + g + h + i; }
static void handler(int s) { total = sum(s, 2, 3, 4, 5, 6, 7, 8, 9); }
MAIN(handler)
