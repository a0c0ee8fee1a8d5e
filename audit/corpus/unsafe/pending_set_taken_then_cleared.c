// truth: unsafe: the program takes the set of signals and then clears it, in two instructions: a signal between is lost
#include "corpus.h"
static volatile unsigned long pending;
static void handler(int s) { pending |= 1UL << s; }
int main(void) { INSTALL(SIGUSR1, handler); INSTALL(SIGUSR2, handler); for (;;) { pause(); unsigned long now = pending; pending = 0; for (int s = 1; s < 32; s++) if (now >> s & 1) printf("%d\n", s); } }
