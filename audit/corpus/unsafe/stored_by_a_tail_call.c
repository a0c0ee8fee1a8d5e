// truth: unsafe: a function loads a word, and jumps to a function behind it that stores the changed value
// expect: fail
#include "corpus.h"
static volatile int count;
static NOINLINE void put(int n);
static NOINLINE void change(void) { put(3 * count + 1); }
static NOINLINE void put(int n) { count = n; }
static void on(int s) { (void)s; count = 0; }
int main(void) {
    INSTALL(SIGUSR1, on);
    for (;;) {
        change();
        pause();
    }
}
