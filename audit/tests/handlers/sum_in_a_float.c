// expect: fail
// One of two signals interrupts the other's addition.
#include "corpus.h"
static volatile float sum;
static void handler(int s) { sum = sum + (float)s; }
int main(void) { INSTALL(SIGUSR1, handler); INSTALL(SIGUSR2, handler); for (;;) { pause(); printf("%f\n", (double)sum); } }
