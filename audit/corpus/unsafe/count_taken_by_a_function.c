// truth: unsafe: a function takes the count and clears it, in two instructions
#include "corpus.h"
static volatile unsigned long count;
static void handler(int s) { (void)s; count++; }
NOINLINE static unsigned long take(void) { unsigned long n = count; count = 0; return n; }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { pause(); printf("%lu\n", take()); } }
