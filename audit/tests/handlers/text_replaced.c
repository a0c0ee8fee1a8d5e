// expect: undecided
// The handler replaces a text that the program prints.
#include "corpus.h"
static char state[32] = "running";
static void on(int s) { strcpy(state, s == SIGUSR1 ? "paused by a signal" : "running once more"); }
int main(void) {
    INSTALL(SIGUSR1, on);
    INSTALL(SIGUSR2, on);
    for (;;) {
        puts(state);
        sleep(1);
    }
}
