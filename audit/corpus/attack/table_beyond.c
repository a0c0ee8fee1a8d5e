// truth: unsafe: the index reaches beyond the table of harmless functions into the next one
#include "corpus.h"
volatile sig_atomic_t last;
NOINLINE static void up(int s) { last = s; }
NOINLINE static void loud(int s) { printf("%d\n", s); }
static const struct { void (*quiet[2])(int); void (*loud[2])(int); } tables = {{up, up}, {loud, up}};
static void handler(int s) { (&tables.quiet[0])[s & 3](s); }
MAIN(handler)
