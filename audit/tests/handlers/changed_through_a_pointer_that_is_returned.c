// expect: undecided
// The program changes the count through a pointer that a function returns.
#include "corpus.h"
struct stats { long seen; long lost; long other[4]; };
static struct stats stats;
NOINLINE static struct stats *get(void) { return &stats; }
static void handler(int s) { (void)s; stats.seen++; }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { pause(); struct stats *p = get(); long n = p->seen; puts("one"); p->seen = n - 1; } }
