// expect: open
// The same, and a function compares them.
#include "corpus.h"
static struct { volatile long value, inverse; } shared;
static volatile long last;
static NOINLINE int fits(long a, long b) { return a == ~b; }
static void handler(int s) { (void)s; long a = shared.value, b = shared.inverse; if (fits(a, b)) last = a - b; }
int main(void) { INSTALL(SIGUSR1, handler); for (long i = 0;; i++) { shared.value = i; shared.inverse = ~i; usleep(10); } }
