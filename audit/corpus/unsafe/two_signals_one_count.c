// truth: unsafe: one handler of two signals, with an empty mask, computes a word from itself
// expect: fail
#include "corpus.h"
static volatile unsigned long sum = 1;
static void handler(int s) { sum = sum * 3 + (unsigned)s; }
int main(void) { INSTALL(SIGUSR1, handler); INSTALL(SIGUSR2, handler); for (;;) { pause(); printf("%lu\n", sum); } }
