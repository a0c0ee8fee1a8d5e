// truth: unsafe: the handler counts up what a helper of the program lowers through its argument, in several instructions
#include "corpus.h"
struct pool { long size; volatile long used; };
static struct pool shared;
static NOINLINE void lower(struct pool *p) { if (p->used > 0) p->used = p->used * 3 / 4; }
static void handler(int s) { shared.used = shared.used + s; }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { lower(&shared); usleep(10); } }
