// truth: unsafe: SA_NODEFER, and an update of a global in several instructions: the handler interrupts itself between them
#include "corpus.h"
volatile int sum = 1;
static void handler(int s) { sum = sum * 3 + s; }
int main(void) { struct sigaction sa; memset(&sa, 0, sizeof sa); sa.sa_handler = handler; sa.sa_flags = SA_NODEFER; sigaction(SIGUSR1, &sa, 0); for (;;) pause(); }
