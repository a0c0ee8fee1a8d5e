// truth: safe: SA_NODEFER, and one atomic addition
#include "corpus.h"
static _Atomic unsigned long count;
static void handler(int s) { (void)s; count++; }
int main(void) { struct sigaction sa; memset(&sa, 0, sizeof sa); sa.sa_handler = handler; sa.sa_flags = SA_NODEFER; sigaction(SIGUSR1, &sa, 0); for (;;) pause(); }
