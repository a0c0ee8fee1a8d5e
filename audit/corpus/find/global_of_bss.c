// truth: find: a global that is empty until another function has filled it, in a table by signal number
#include "corpus.h"
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
static void bad(int s) { printf("%d\n", s); }
static void (*by_number[65])(int);
NOINLINE void want(int s, void (*h)(int)) { by_number[s] = h; }
NOINLINE void apply(void) { for (int s = 1; s < 65; s++) if (by_number[s]) signal(s, by_number[s]); }
int main(void) { want(SIGINT, good); want(SIGTERM, bad); apply(); for (;;) pause(); }
