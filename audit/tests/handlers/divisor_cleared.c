// expect: fail
// The handler stores zero to a number by which the program divides without a test.
#include "corpus.h"
static volatile int by = 3;
static void handler(int s) { (void)s; by = 0; }
int main(int c, char **v) { (void)v; INSTALL(SIGUSR1, handler); for (;;) { usleep(1); printf("%d\n", c++ / by); } }
