// expect: fail
// The floating-point unit's registers are followed too.
#include "corpus.h"
static volatile double sum;
static volatile long double scale = 1;
static void handler(int s) { sum = (double)(scale + sum); }
int main(void) { INSTALL(SIGUSR1, handler); INSTALL(SIGUSR2, handler); for (;;) { pause(); printf("%f\n", sum); } }
