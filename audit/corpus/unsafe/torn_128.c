// truth: unsafe: sixteen bytes that belong together, stored by two stores or one that is not atomic
#include "corpus.h"
unsigned __int128 now;
static void handler(int s) { now = ((unsigned __int128)s << 64) | (unsigned)s; }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { unsigned __int128 v = *(volatile unsigned __int128 *)&now; if ((uint64_t)(v >> 64) != (uint64_t)v) abort(); } }
