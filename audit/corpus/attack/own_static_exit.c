// truth: unsafe: a static function named like one of the list
#include "corpus.h"
NOINLINE static int own_name(int p, int s) __asm__("_exit");
NOINLINE static int own_name(int p, int s) { return printf("%d %d\n", p, s); }
volatile sig_atomic_t n;
static void handler(int s) { n = own_name(1, s); n = n + 1; }
MAIN(handler)
