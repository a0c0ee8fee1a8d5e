// expect: pass
// The handler clears a pointer that the program passes to a function which tests it.
#include "corpus.h"
static struct conn { volatile long n, m; } one; static struct conn *volatile cur = &one;
NOINLINE static void serve(struct conn *c) { if (!c) return; c->n++; c->m += c->n; }
static void handler(int s) { (void)s; cur = 0; }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { serve(cur); usleep(1); } }
