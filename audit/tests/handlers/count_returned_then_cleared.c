// expect: undecided
// A function returns the count and another clears it.
#include "corpus.h"
static volatile int count;
static NOINLINE int get(void) { return count; }
static NOINLINE void clear(void) { count = 0; }
static void on(int s) { (void)s; count = count + 1; }
int main(void) {
    INSTALL(SIGUSR1, on);
    for (;;) {
        pause();
        printf("%d\n", get());
        clear();
    }
}
