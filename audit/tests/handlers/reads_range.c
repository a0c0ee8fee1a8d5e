// expect: undecided
#include "corpus.h"
static volatile int low, high = 8;
static volatile sig_atomic_t bad;
static void handler(int s) { (void)s; if (high - low != 8) bad = 1; }
int main(void) {
    INSTALL(SIGUSR1, handler);
    for (;;) { pause(); low += 3; high += 3; if (bad) abort(); }
}
