// expect: open
// The handler clears a pointer that the program loads once and tests.
#include "corpus.h"
static struct conn { volatile long n; } one; static struct conn *volatile cur = &one;
static void handler(int s) { (void)s; cur = 0; }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { struct conn *c = cur; if (!c) break; c->n++; } }
