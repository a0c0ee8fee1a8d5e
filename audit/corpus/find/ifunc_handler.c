// truth: find: the handler is an indirect function, chosen by its resolver when the program is loaded
#include "corpus.h"
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
static void bad(int s) { printf("%d\n", s); }
static int loud = 1;
static void *resolve(void) { return loud ? (void *)bad : (void *)good; }
void chosen(int s) __attribute__((ifunc("resolve")));
int main(void) { signal(SIGTERM, chosen); for (;;) pause(); }
