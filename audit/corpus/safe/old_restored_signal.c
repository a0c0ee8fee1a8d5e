// truth: safe: what signal() returned is kept in a global and installed again later
#include "corpus.h"
static volatile sig_atomic_t flag;
static void (*old)(int);
static void handler(int s) { flag = s; }
NOINLINE static void finish(void) { signal(SIGINT, old); }
int main(void) { old = signal(SIGINT, handler); while (!flag) pause(); finish(); return 0; }
