// expect: undecided
// The program copies the counts out, then clears them; what the handler counts between is lost.
#include "corpus.h"
static long hits[256];
static void handler(int s) { hits[s & 63]++; }
int main(void) { INSTALL(SIGUSR1, handler); long t[256]; for (;;) { pause(); memcpy(t, hits, sizeof t); memset(hits, 0, sizeof hits); printf("%ld\n", t[10]); } }
