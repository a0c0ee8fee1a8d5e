// expect: open
// The handler replaces the null pointer and the index -1 before it returns.
#include "corpus.h"
static struct conn { volatile long n; } one, two; static struct conn *volatile cur = &one; static volatile int at; static volatile long table[8];
static void handler(int s) { cur = 0; at = -1; table[3] = s; at = s & 7; cur = &two; }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { usleep(1); cur->n++; table[at]++; } }
