// expect: undecided
// A function that the section calls clears the mark.
#include "corpus.h"
static volatile sig_atomic_t busy; static volatile int count;
static NOINLINE void step(void) { busy = 1; count = count * 3; busy = 0; }
static void on(int s) { (void)s; if (busy) return; count = count + 1; }
int main(void) {
    INSTALL(SIGUSR1, on);
    for (;;) {
        busy = 1;
        step();
        count = count * 5;
        busy = 0;
        pause();
    }
}
