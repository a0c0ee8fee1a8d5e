// truth: unsafe: a queue whose head the handler raises, for two signals that may interrupt each other
#include "corpus.h"
static volatile int queue[64]; static volatile unsigned head;
static void handler(int s) { queue[head % 64] = s; head = head + 1; }
int main(void) { INSTALL(SIGUSR1, handler); INSTALL(SIGUSR2, handler); for (;;) pause(); }
