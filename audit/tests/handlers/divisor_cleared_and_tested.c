// expect: pass
// The program loads the divisor once, and tests it.
#include "corpus.h"
static volatile int by = 3;
static void handler(int s) { (void)s; by = 0; }
int main(int c, char **v) { (void)v; INSTALL(SIGUSR1, handler); for (;;) { usleep(1); int d = by; if (d != 0) printf("%d\n", c++ / d); } }
