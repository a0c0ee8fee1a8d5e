// truth: doubt: compiled with the address sanitizer; a wrong load ends in a report that allocates and prints
// flags: -fsanitize=address
// only: gcc-O2
#include "corpus.h"
int table[64];
volatile sig_atomic_t n;
static void handler(int s) { n = table[s & 63]; }
MAIN(handler)
