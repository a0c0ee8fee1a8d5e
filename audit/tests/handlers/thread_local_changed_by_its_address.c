// expect: undecided
// The program changes the thread-local count by its address.
#include "corpus.h"
static __thread int depth;
static NOINLINE void twice(volatile int *p) { *p = *p * 2 + 1; }
static void on(int s) { (void)s; depth++; }
int main(void) {
    INSTALL(SIGUSR1, on);
    for (;;) {
        twice(&depth);
        if (depth > 1000) pause();
    }
}
