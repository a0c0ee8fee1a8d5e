// expect: undecided
// Another handler clears the mark while the program changes the data.
#include "corpus.h"
static volatile sig_atomic_t busy; static volatile int count, others;
static void on(int s) { (void)s; if (busy) return; count = count + 1; }
static void other(int s) { (void)s; busy = 1; others = others + 1; busy = 0; }
int main(void) {
    INSTALL(SIGUSR1, on);
    INSTALL(SIGUSR2, other);
    for (;;) {
        busy = 1;
        count = count * 5;
        busy = 0;
        pause();
    }
}
