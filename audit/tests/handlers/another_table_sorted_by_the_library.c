// expect: pass
// The program has qsort sort a table that the handler does not use.
#include "corpus.h"
static long table[64], hits[64];
static int compare(const void *a, const void *b) { long x = *(const long *)a, y = *(const long *)b; return (x > y) - (x < y); }
static void handler(int s) { hits[s & 63]++; }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { pause(); for (int i = 0; i < 64; i++) table[i] = random(); qsort(table, 64, sizeof table[0], compare); printf("%ld\n", table[0]); } }
