// truth: safe: the handler stores to one table, and the program changes another beside it in several instructions
#include "corpus.h"
static volatile unsigned count[64];
static volatile sig_atomic_t seen[NSIG];
static void handler(int s) { seen[s] = 1; }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { pause(); for (int i = 0; i < 64; i++) count[i] = (count[i] >> 1) ^ 5; } }
