// expect: undecided
// The program copies, byte by byte, the path that the handler unlinks.
#include "corpus.h"
static volatile char path[64] = "/tmp/lock";
static void handler(int s) { (void)s; int e = errno; unlink((const char *)path); errno = e; }
int main(int c, char **v) { INSTALL(SIGUSR1, handler); for (int k = 0;; k++) { pause(); const char *from = v[k % c]; int i = 0; while (from[i] && i < 63) { path[i] = from[i]; i++; } path[i] = 0; } }
