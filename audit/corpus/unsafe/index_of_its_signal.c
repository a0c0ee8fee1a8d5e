// truth: unsafe: the number of one of the signals leaves an array that has room for the others
#include "corpus.h"
static volatile sig_atomic_t seen[12];
volatile sig_atomic_t victim;
static void handler(int s) { seen[s] = 1; }
int main(void) { INSTALL(SIGUSR1, handler); INSTALL(SIGUSR2, handler); for (;;) { pause(); if (seen[SIGUSR1]) return victim; } }
