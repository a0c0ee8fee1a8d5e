// expect: open
// The function that changes the word is called before the handler is installed.
#include "corpus.h"
static volatile int n;
static void handler(int sig) { n++; }
NOINLINE static void prepare(void) { n = (n * 3 + getppid()) % 7; }
int main(void) { prepare(); INSTALL(SIGUSR1, handler); for (;;) { pause(); printf("%d\n", n); } }
