// truth: unsafe: the program and the handler both change a thread-local count
// expect: fail
#include "corpus.h"
static __thread volatile int depth;
static void on(int s) { (void)s; depth = depth + 1; }
int main(void) {
    INSTALL(SIGUSR1, on);
    for (;;) {
        depth = depth * 2 + 3;
        if (depth > 100000) depth = 0;
    }
}
