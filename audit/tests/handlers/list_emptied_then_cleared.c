// expect: undecided
// The program empties the list that the handler appends to, and sets its length to 0: a signal between is lost.
#include "corpus.h"
static volatile unsigned char list[64];
static volatile unsigned count;
static void handler(int s) { unsigned n = count; if (n < 64) { list[n] = (unsigned char)s; count = n + 1; } }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { pause(); for (unsigned k = 0; k < count; k++) printf("%d\n", list[k]); count = 0; } }
