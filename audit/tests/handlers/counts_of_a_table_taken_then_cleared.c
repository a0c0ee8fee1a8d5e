// expect: undecided
// The program takes each count and then clears it, in two instructions.
#include "corpus.h"
static volatile unsigned long count[65];
static void handler(int s) { count[s & 63]++; }
int main(void) { INSTALL(SIGUSR1, handler); INSTALL(SIGUSR2, handler); for (;;) { pause(); for (int k = 0; k < 64; k++) { unsigned long n = count[k]; count[k] = 0; if (n) printf("%d %lu\n", k, n); } } }
