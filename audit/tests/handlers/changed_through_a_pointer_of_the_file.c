// expect: undecided
// The program changes the count through a pointer in a word of the file.
#include "corpus.h"
struct stats { long seen; long lost; long other[4]; };
static struct stats stats;
struct stats *current = &stats;
static void handler(int s) { (void)s; stats.seen++; }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { pause(); struct stats *p = current; long n = p->seen; puts("one"); p->seen = n - 1; } }
