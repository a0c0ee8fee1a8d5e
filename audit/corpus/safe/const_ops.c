// truth: safe: a const table of structures with function pointers (relocated read-only data in a PIE), index masked
#include "corpus.h"
volatile sig_atomic_t last;
NOINLINE static void up(int s) { last = s; }
NOINLINE static void down(int s) { last = -s; }
NOINLINE static void same(int s) { (void)s; }
static const struct ops { const char *name; void (*run)(int); } table[4] = {
    {"up", up}, {"down", down}, {"same", same}, {"again", up}};
static void handler(int s) { table[s & 3].run(s); }
MAIN(handler)
