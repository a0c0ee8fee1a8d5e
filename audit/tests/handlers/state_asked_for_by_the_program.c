// expect: undecided
// The program asks for a state and stores the next one: the handler's, stored between the two, is lost.
#include "corpus.h"
enum { IDLE, BUSY, STOP };
static volatile sig_atomic_t state;
static void handler(int s) { state = STOP; }
static NOINLINE void step(void) {
    if (state == IDLE)
        state = BUSY;
    else if (state == BUSY)
        state = IDLE;
}
int main(void) {
    INSTALL(SIGTERM, handler);
    while (state != STOP)
        step();
    return 0;
}
