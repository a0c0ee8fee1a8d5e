// expect: pass
// Each signal has a count of its own, which no other signal of the handler stores to.
#include "corpus.h"
static volatile unsigned long first[2], second[2];
static void handler(int s) { if (s == SIGUSR1) first[0] = first[0] * 3 + 1; else if (s == SIGUSR2) second[1] += second[1] + 2; }
int main(void) { INSTALL(SIGUSR1, handler); INSTALL(SIGUSR2, handler); for (;;) { pause(); printf("%lu %lu\n", first[0], second[1]); } }
