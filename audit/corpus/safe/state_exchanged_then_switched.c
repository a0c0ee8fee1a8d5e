// truth: safe: the program takes the state by an exchange before it decides by a jump table
// expect: pass
#include "corpus.h"
#include <stdatomic.h>
static atomic_int state;
static void on(int s) { (void)s; state = 6; }
int main(void) {
    INSTALL(SIGUSR1, on);
    for (;;) {
        switch (atomic_exchange(&state, 0)) {
        case 1: puts("starting"); break;
        case 2: puts("running"); break;
        case 3: puts("draining"); break;
        case 4: puts("stopping"); break;
        case 5: puts("stopped"); break;
        case 6: puts("told to stop"); break;
        default: pause();
        }
    }
}
