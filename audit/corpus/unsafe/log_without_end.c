// truth: unsafe: each signal adds an entry to a table, and nothing asks whether it is full
#include "corpus.h"
static int entries[64];
static volatile int used;
static void handler(int s) { entries[used++] = s; }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { pause(); printf("%d, last %d\n", (int)used, entries[0]); } }
