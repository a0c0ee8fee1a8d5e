// truth: unsafe: builds its message in a static buffer; a second signal in between overwrites it
#include "corpus.h"
static char line[32] = "signal 00 of 0000000000\n";
static void handler(int s) { int e = errno; line[7] = '0' + s / 10; line[8] = '0' + s % 10; unsigned p = getpid(); for (int i = 22; i >= 13; i--) { line[i] = '0' + p % 10; p /= 10; } write(2, line, 24); errno = e; }
int main(void) { INSTALL(SIGUSR1, handler); INSTALL(SIGUSR2, handler); INSTALL(SIGHUP, handler); for (;;) pause(); }
