// expect: pass
// The program computes one word from another, and the handler stores to that one alone.
#include "corpus.h"
static volatile float last = 1, limit = 4;
static void handler(int s) { last = s == SIGUSR1 ? 2.5f : 3.5f; }
int main(void) {
    INSTALL(SIGUSR1, handler);
    for (;;) {
        pause();
        limit = limit * 0.5f + last;
        if (limit > 100)
            return 1;
    }
}
