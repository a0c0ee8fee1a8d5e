// expect: pass
// The handler that clears the divisor is removed before the program divides.
#include "corpus.h"
static volatile int by = 3;
static void handler(int s) { (void)s; by = 0; }
int main(int c, char **v) { (void)v; INSTALL(SIGUSR1, handler); pause(); signal(SIGUSR1, SIG_IGN); by = c; printf("%d\n", 1000 / by); return 0; }
