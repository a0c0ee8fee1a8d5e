// expect: open
// The word is changed before another function installs the handler.
#include "corpus.h"
static volatile int n;
static void handler(int sig) { n++; }
NOINLINE static void install(void) { INSTALL(SIGUSR1, handler); }
int main(void) { n = (n * 3 + getppid()) % 7; install(); for (;;) { pause(); printf("%d\n", n); } }
