// truth: unsafe: the handler calls entry 1 of a table in data that the main program fills by index
#include "corpus.h"
static volatile sig_atomic_t f;
NOINLINE static void quiet(int s) { f = s; }
NOINLINE static void loud(int s) { printf("%d\n", s); }
static void (*table[4])(int) = {quiet, quiet, quiet, quiet};
static void handler(int s) { table[1](s); f = 2; }
int main(int argc, char **argv) { (void)argv; table[argc & 3] = loud; INSTALL(SIGUSR1, handler); for (;;) pause(); }
