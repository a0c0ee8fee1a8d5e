// truth: unsafe: handlers of two signals append to one log by an index that both raise: one entry is overwritten
#include "corpus.h"
static volatile unsigned at;
static volatile int log_of[64];
static void handler(int s) { unsigned i = at; log_of[i & 63] = s; at = i + 1; }
static void other(int s) { unsigned i = at; log_of[i & 63] = s + 100; at = i + 1; }
int main(void) { INSTALL(SIGUSR1, handler); INSTALL(SIGUSR2, other); for (;;) { pause(); printf("%d\n", log_of[0]); } }
