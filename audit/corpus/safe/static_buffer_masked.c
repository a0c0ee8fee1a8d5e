// truth: safe: a message in a static buffer that only this handler uses, while all signals are blocked
#include "corpus.h"
static char line[32] = "signal 00\n";
static void handler(int s) { int e = errno; line[7] = '0' + s / 10; line[8] = '0' + s % 10; write(2, line, 10); errno = e; }
int main(void) { struct sigaction sa; memset(&sa, 0, sizeof sa); sa.sa_handler = handler; sigfillset(&sa.sa_mask); sigaction(SIGUSR1, &sa, 0); sigaction(SIGUSR2, &sa, 0); sigaction(SIGHUP, &sa, 0); for (;;) pause(); }
