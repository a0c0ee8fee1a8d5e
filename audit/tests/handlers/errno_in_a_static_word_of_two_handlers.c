// expect: fail
// Two handlers keep errno in one word, and each may interrupt the other.
#include "corpus.h"
static volatile int saved;
static void a(int s) { (void)s; saved = errno; (void)!write(2, "x", 1); errno = saved; }
static void b(int s) { (void)s; saved = errno; (void)!write(1, "y", 1); errno = saved; }
int main(void) { INSTALL(SIGUSR1, a); INSTALL(SIGUSR2, b); for (;;) pause(); }
