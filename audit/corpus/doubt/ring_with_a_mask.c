// truth: doubt: a queue whose head the handler raises, for two signals that block each other
#include "corpus.h"
static volatile int queue[64]; static volatile unsigned head;
static void handler(int s) { queue[head % 64] = s; head = head + 1; }
int main(void) { struct sigaction a = {.sa_handler = handler}; sigfillset(&a.sa_mask); sigaction(SIGUSR1, &a, 0); sigaction(SIGUSR2, &a, 0); for (;;) pause(); }
