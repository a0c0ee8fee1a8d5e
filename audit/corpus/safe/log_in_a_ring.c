// truth: safe: each signal adds an entry to a table, and begins again at its start when it is full
#include "corpus.h"
static volatile int entries[64];
static volatile unsigned used;
static void handler(int s) { entries[used++ % 64] = s; }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { pause(); printf("%u, first %d\n", used, entries[0]); } }
