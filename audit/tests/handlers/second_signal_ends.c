// expect: pass
// Of two signals at once the one that comes between sets what the other then sets again, and the busy one only leaves.
#include "corpus.h"
static volatile sig_atomic_t over, busy;
static void handler(int s) {
    if (busy)
        return;
    busy = 1;
    if (over)
        _exit(1);
    over = 1;
    busy = 0;
}
int main(void) { INSTALL(SIGINT, handler); INSTALL(SIGTERM, handler); while (!over) pause(); return 0; }
