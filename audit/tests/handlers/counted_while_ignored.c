// expect: open
// The signal is ignored meanwhile.
#include "corpus.h"
static volatile int n;
static void handler(int sig) { n++; }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { pause(); signal(SIGUSR1, SIG_IGN); n = (n + 5) % 7; INSTALL(SIGUSR1, handler); } }
