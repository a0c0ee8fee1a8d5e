// expect: undecided
#include "corpus.h"
static volatile unsigned count[64];
static void handler(int s) { count[10] = (unsigned)s << 8; }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { pause(); for (int i = 0; i < 64; i++) count[i] = (count[i] >> 1) ^ 5; } }
