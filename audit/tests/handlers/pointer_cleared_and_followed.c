// expect: fail
// The handler clears a pointer that the program follows without a test.
#include "corpus.h"
static struct conn { long n; } one; static struct conn *volatile cur = &one;
static void handler(int s) { (void)s; cur = 0; }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { usleep(1); cur = &one; usleep(1); cur->n++; } }
