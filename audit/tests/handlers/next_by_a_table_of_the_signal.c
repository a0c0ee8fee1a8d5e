// expect: pass
// The table is asked by the signal, not by the word that is stored.
#include "corpus.h"
static const unsigned char kinds[4] = {1, 3, 0, 2};
static volatile unsigned char last;
static void handler(int s) { last = kinds[s & 3]; }
int main(void) { INSTALL(SIGUSR1, handler); INSTALL(SIGUSR2, handler); for (;;) { pause(); printf("%d\n", last); } }
