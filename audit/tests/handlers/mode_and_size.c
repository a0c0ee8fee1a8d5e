// expect: undecided
// The handler reads a mode flag and a size that the program stores one after the other.
#include "corpus.h"
static volatile int is_large; static volatile long size = 16; static char small[16], large[4096];
static void on(int s) { (void)s; int e = errno; (void)!write(2, is_large ? large : small, size); errno = e; }
int main(void) {
    INSTALL(SIGUSR1, on);
    for (;;) {
        is_large = 1;
        size = sizeof large;
        sleep(1);
        size = sizeof small;
        is_large = 0;
        sleep(1);
    }
}
