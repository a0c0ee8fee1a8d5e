// expect: undecided
// The program's change of a number in vector registers is interrupted like that of any other.
#include "corpus.h"
static volatile double mean;
static volatile sig_atomic_t seen;
static void handler(int s) { mean = 50.0; seen = s; }
int main(void) {
    double sample = 0;
    INSTALL(SIGUSR1, handler);
    while (!seen) {
        mean = mean + (sample - mean) * 0.25;
        sample += 1;
    }
    return mean > 60;
}
