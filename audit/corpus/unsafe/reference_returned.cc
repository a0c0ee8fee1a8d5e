// truth: unsafe: the program changes a word by a reference that a function returns
#include "corpus.h"
struct Counter {
    volatile int all, some;
    NOINLINE volatile int &slot() { return some; }
};
static Counter counter;
static NOINLINE int next(int n) { return 3 * n + 1; }
static void on(int) { counter.some = 0; }
int main() {
    INSTALL(SIGUSR1, on);
    for (;;) {
        counter.slot() = next(counter.slot());
        pause();
    }
}
