// expect: fail
// What is stored comes from a comparison of the word, not from its value: two signals turn it twice, or once.
#include "corpus.h"
static volatile int loud;
static void handler(int s) { loud = !loud; }
int main(void) { INSTALL(SIGUSR1, handler); INSTALL(SIGUSR2, handler); for (;;) { pause(); printf("%d\n", loud); } }
