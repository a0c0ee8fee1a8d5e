// truth: unsafe: the program counts down what the handler counts up, in several instructions: a signal between them is lost
#include "corpus.h"
static volatile int waiting;
static void handler(int sig) { waiting++; }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { pause(); while (waiting > 0) { puts("one"); waiting = (waiting - 1) % 7; } } }
