// expect: fail
// The handler clears a pointer that the program passes to a function which follows it.
#include "corpus.h"
static struct conn { volatile long n, m; } one; static struct conn *volatile cur = &one; static volatile sig_atomic_t on = 1;
NOINLINE static void serve(struct conn *c) { c->n++; c->m += c->n; }
static void handler(int s) { (void)s; on = 0; cur = 0; }
int main(void) { INSTALL(SIGUSR1, handler); while (on) { serve(cur); usleep(1); } }
