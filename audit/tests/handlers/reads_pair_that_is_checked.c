// expect: open
// The second word is the complement of the first, which the handler checks.
#include "corpus.h"
static struct { volatile long value, inverse; } shared;
static volatile long last;
static void handler(int s) { (void)s; long value = shared.value; if ((value ^ shared.inverse) == -1) last = value; }
int main(void) { INSTALL(SIGUSR1, handler); for (long i = 0;; i++) { shared.value = i; shared.inverse = ~i; usleep(10); } }
