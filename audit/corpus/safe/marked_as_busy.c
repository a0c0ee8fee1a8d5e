// truth: safe: the program marks its data as busy before the first change
// expect: open
#include "corpus.h"
static volatile sig_atomic_t busy; static volatile int count;
static void on(int s) { (void)s; if (busy) return; count = count + 1; }
int main(void) {
    INSTALL(SIGUSR1, on);
    for (;;) {
        busy = 1;
        count = count * 2;
        busy = 0;
        pause();
    }
}
