// expect: undecided
// The program has qsort sort the records in which the handler counts.
#include "corpus.h"
static struct { long key, hits; } table[64];
static int compare(const void *a, const void *b) { long x = *(const long *)a, y = *(const long *)b; return (x > y) - (x < y); }
static void handler(int s) { table[s & 63].hits++; }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { pause(); for (int i = 0; i < 64; i++) table[i].key = random(); qsort(table, 64, sizeof table[0], compare); } }
