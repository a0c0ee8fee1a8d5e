// expect: undecided
// The program copies the counters and then clears them by memset.
#include "corpus.h"
static struct { unsigned long a, b, c, d; } stats, copy;
static void on(int s) { if (s == SIGUSR1) __atomic_fetch_add(&stats.a, 1, 0); else __atomic_fetch_add(&stats.d, 1, 0); }
int main(void) {
    INSTALL(SIGUSR1, on);
    INSTALL(SIGUSR2, on);
    for (;;) {
        sleep(1);
        copy = stats;
        memset(&stats, 0, sizeof stats);
        printf("%lu %lu\n", copy.a, copy.d);
    }
}
