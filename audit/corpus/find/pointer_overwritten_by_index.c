// truth: find: the handler's place in data is overwritten through an index into the array in front of it
#include "corpus.h"
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
static void bad(int s) { printf("%d\n", s); }
static void (*all[4])(int) = {good, good, good, good};
NOINLINE void put(unsigned long i, void (*h)(int)) { all[i] = h; }
int main(int argc, char **argv) { put((unsigned long)argc, bad); (void)argv; signal(SIGUSR1, all[1]); for (;;) pause(); }
