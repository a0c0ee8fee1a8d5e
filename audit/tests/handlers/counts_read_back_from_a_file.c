// expect: undecided
// The program writes its counts to a file and reads them back; what the handler counts between is lost.
#include "corpus.h"
static long hits[64];
static void handler(int s) { hits[s & 63]++; }
int main(void) { INSTALL(SIGUSR1, handler); FILE *f = fopen("/tmp/x", "w+"); if (!f) return 1; for (;;) { rewind(f); fwrite(hits, 8, 64, f); fflush(f); usleep(1); rewind(f); if (fread(hits, 8, 64, f) != 64) return 1; } }
