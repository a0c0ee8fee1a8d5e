// expect: undecided
// The program removes an element by memmove, while the handler counts in elements.
#include "corpus.h"
static long table[64];
static void handler(int s) { table[s & 63]++; }
int main(int c, char **v) { (void)v; INSTALL(SIGUSR1, handler); for (;;) { pause(); int k = c++ & 31; memmove(&table[k], &table[k + 1], (63 - k) * sizeof *table); } }
