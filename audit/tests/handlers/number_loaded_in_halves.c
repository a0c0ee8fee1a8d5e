// expect: undecided
// The program loads a number of eight bytes in two halves.
#include "corpus.h"
static union { volatile uint64_t whole; volatile uint32_t half[2]; } u;
static void on(int s) { (void)s; u.whole = u.whole + 0x100000001; }
int main(void) {
    INSTALL(SIGUSR1, on);
    for (;;) {
        pause();
        uint32_t a = u.half[0], b = u.half[1];
        printf("%u %u\n", a, b);
    }
}
