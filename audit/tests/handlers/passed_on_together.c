// expect: undecided
// Two words that are not one object are only passed on together.
#include "corpus.h"
static volatile long seconds, count;
static void on(int s) { (void)s; seconds = time(0); count = count + 1; }
int main(void) {
    INSTALL(SIGUSR1, on);
    for (;;) {
        sleep(1);
        printf("%ld signals, last at %ld\n", count, seconds);
    }
}
