// expect: pass
#include "corpus.h"
static volatile double mean;
static void handler(int s) { mean = 50.0; }
int main(void) {
    sigset_t own, old;
    double sample = 0;
    INSTALL(SIGUSR1, handler);
    sigemptyset(&own); sigaddset(&own, SIGUSR1);
    for (;;) {
        sigprocmask(SIG_BLOCK, &own, &old);
        mean = mean + (sample - mean) * 0.25;
        sigprocmask(SIG_SETMASK, &old, NULL);
        sample += 1;
    }
}
