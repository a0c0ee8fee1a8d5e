// truth: safe: the program clears the flag and then takes the data
// expect: pass
#include "corpus.h"
static volatile long value; static volatile sig_atomic_t ready;
static void on(int s, siginfo_t *i, void *c) { (void)s; (void)c; value = i->si_value.sival_int; ready = 1; }
int main(void) {
    INSTALL_INFO(SIGUSR1, on);
    for (;;) {
        pause();
        if (ready) { ready = 0;
        printf("%ld\n", value);
        }
    }
}
