// truth: find: a wrapper that ends in a jump to signal
#include "corpus.h"
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
static void bad(int s) { printf("%d\n", s); }
NOINLINE static void (*on(int s, void (*h)(int)))(int) { return signal(s, h); }
int main(void) { on(SIGINT, good); on(SIGTERM, bad); for (;;) pause(); }
