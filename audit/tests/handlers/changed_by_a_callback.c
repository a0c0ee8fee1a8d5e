// expect: undecided
// A callback changes the count through its argument.
#include "corpus.h"
struct stats { long seen; long lost; long other[4]; };
static struct stats stats;
static void handler(int s) { (void)s; stats.seen++; }
NOINLINE static void decay(void *p) { struct stats *of = p; long n = of->seen; puts("one"); of->seen = n / 2; }
NOINLINE static void other(void *p) { puts(p ? "other" : "none"); }
NOINLINE static void each(void (*f)(void *), void *p) { f(p); f(p); }
int main(int argc, char **argv) { (void)argv; INSTALL(SIGUSR1, handler); for (;;) { pause(); each(argc > 1 ? other : decay, &stats); } }
