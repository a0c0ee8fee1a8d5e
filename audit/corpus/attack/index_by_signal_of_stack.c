// truth: unsafe: the signal number is the index into a local array of eight bytes
// flags: -fno-stack-protector
#include "corpus.h"
volatile sig_atomic_t sum;
static void handler(int s) { volatile char seen[8]; seen[0] = 0; seen[s] = 1; sum = seen[0]; }
int main(void) { INSTALL(SIGTERM, handler); for (;;) pause(); }
