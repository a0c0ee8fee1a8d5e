// truth: unsafe: the loop's counter is in memory and the callee sets it back
#include "corpus.h"
static int counter;
volatile sig_atomic_t n;
NOINLINE static void body(void) { n = n + 1; if (counter == 5) counter = 1; }
static void handler(int s) { (void)s; for (counter = 0; counter < 10; counter++) body(); }
MAIN(handler)
