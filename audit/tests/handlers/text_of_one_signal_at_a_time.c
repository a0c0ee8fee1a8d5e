// expect: open
// A word says that the handler is at work, so that a second signal leaves its text alone.
#include "corpus.h"
static char line[] = "signal 00\n";
static volatile int busy;
static void handler(int s) { int e = errno; if (!__atomic_exchange_n(&busy, 1, __ATOMIC_SEQ_CST)) { line[7] = '0' + s / 10; line[8] = '0' + s % 10; write(2, line, 10); busy = 0; } errno = e; }
int main(void) { INSTALL(SIGUSR1, handler); INSTALL(SIGUSR2, handler); for (;;) pause(); }
