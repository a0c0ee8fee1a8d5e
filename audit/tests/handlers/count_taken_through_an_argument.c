// expect: undecided
// A function reads and clears a count through its argument.
#include "corpus.h"
static volatile int count;
static NOINLINE int take(volatile int *p) { int n = *p; *p = 0; return n; }
static void on(int s) { (void)s; count = count + 1; }
int main(void) {
    INSTALL(SIGUSR1, on);
    for (;;) {
        pause();
        printf("%d\n", take(&count));
    }
}
