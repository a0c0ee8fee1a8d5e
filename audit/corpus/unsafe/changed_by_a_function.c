// truth: unsafe: the program passes a word to a function and stores the result to the word
// expect: fail
#include "corpus.h"
static volatile int count;
static NOINLINE int next(int n) { return 3 * n + 1; }
static void on(int s) { (void)s; count = 0; }
int main(void) {
    INSTALL(SIGUSR1, on);
    for (;;) {
        count = next(count);
        pause();
    }
}
