// expect: undecided
// The program moves the elements of the table in which the handler counts, by two pointers into it.
#include "corpus.h"
static long hits[16];
static void handler(int s) { hits[s & 15]++; }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { usleep(1); for (int i = 1; i < 16; i++) { long x = hits[i]; int k = i; while (k > 0 && hits[k - 1] > x) { hits[k] = hits[k - 1]; k--; } hits[k] = x; } __asm__ volatile("" ::: "memory"); } }
