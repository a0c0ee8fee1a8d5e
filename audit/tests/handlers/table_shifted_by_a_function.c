// expect: undecided
// A function shifts the elements of its argument, the table in which the handler counts.
#include "corpus.h"
static long hits[32];
NOINLINE static void shift(long *t, int n) { for (int i = 0; i + 1 < n; i++) t[i] = t[i + 1]; t[n - 1] = 0; }
static void handler(int s) { hits[s & 31]++; }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { usleep(1); shift(hits, 32); } }
