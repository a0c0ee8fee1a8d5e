// expect: undecided
// A function scales the elements of its argument, the table in which the handler counts.
#include "corpus.h"
static int hits[64];
NOINLINE static void scale(int *t, int n) { for (int i = 0; i < n; i++) t[i] = t[i] * 3 / 4; }
static void handler(int s) { hits[s & 63]++; }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { usleep(1); scale(hits, 64); } }
