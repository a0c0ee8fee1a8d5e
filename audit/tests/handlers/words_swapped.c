// expect: undecided
// The program swaps two words by way of a third; what the handler stores between is lost.
#include "corpus.h"
static volatile long first, second;
static void handler(int s) { first = s; }
int main(void) { INSTALL(SIGUSR1, handler); INSTALL(SIGUSR2, handler); for (;;) { pause(); long t = first; first = second; second = t; printf("%ld\n", second); } }
