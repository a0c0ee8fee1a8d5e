// truth: unsafe: the called address is on the stack and changed by a helper that got its address
#include "corpus.h"
static volatile sig_atomic_t f;
NOINLINE static void quiet(int s) { f = s; }
NOINLINE static void loud(int s) { printf("%d\n", s); }
NOINLINE static void choose(void (*volatile *place)(int), int s) { if (s & 2) *place = loud; }
static void handler(int s) { void (*volatile run)(int) = quiet; choose(&run, s); run(s); }
MAIN(handler)
