// truth: unsafe: the signal's number is the index into an array that is too short for it
#include "corpus.h"
static volatile sig_atomic_t seen[8];
volatile sig_atomic_t victim;
static void handler(int s) { seen[s] = 1; }
int main(void) { INSTALL(SIGRTMIN + 5, handler); for (;;) pause(); }
