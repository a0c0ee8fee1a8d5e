// expect: fail
// Another signal of the handler stores to the count, if only a constant.
#include "corpus.h"
static volatile unsigned long sum;
static void handler(int s) { if (s == SIGUSR1) sum = sum * 3 + 1; else if (s == SIGUSR2) sum = 0; }
int main(void) { INSTALL(SIGUSR1, handler); INSTALL(SIGUSR2, handler); for (;;) { pause(); printf("%lu\n", sum); } }
