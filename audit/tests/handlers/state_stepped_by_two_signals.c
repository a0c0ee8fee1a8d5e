// expect: undecided
// Each of two signals stores a constant that the state has chosen; one step is lost if they come together.
#include "corpus.h"
static volatile sig_atomic_t gate;
static void handler(int s) {
    switch (gate) {
    case 0: gate = s == SIGUSR1 ? 1 : 3; break;
    case 1: gate = s == SIGUSR1 ? 2 : 5; break;
    default: gate = 4;
    }
}
int main(void) { INSTALL(SIGUSR1, handler); INSTALL(SIGUSR2, handler); for (;;) { pause(); printf("%d\n", gate); } }
