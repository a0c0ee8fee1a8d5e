// truth: unsafe: SA_NODEFER, and the handler raises its own signal: it is in itself without an end
#include "corpus.h"
volatile sig_atomic_t n;
static void handler(int s) { n = 1; raise(s); }
int main(void) { struct sigaction sa; memset(&sa, 0, sizeof sa); sa.sa_handler = handler; sa.sa_flags = SA_NODEFER; sigaction(SIGUSR1, &sa, 0); for (;;) pause(); }
