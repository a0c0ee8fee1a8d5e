// truth: unsafe: handlers of two signals count in one word by load and store, and neither blocks the other's signal
// expect: fail
#include "corpus.h"
static volatile unsigned long sum = 1;
static void handler(int s) { unsigned long v = sum; v = v * 3 + (unsigned)s; sum = v; }
static void other(int s) { unsigned long v = sum; v = (v >> 1) ^ (unsigned)s; sum = v; }
int main(void) { INSTALL(SIGUSR1, handler); INSTALL(SIGUSR2, other); for (;;) { pause(); printf("%lu\n", sum); } }
