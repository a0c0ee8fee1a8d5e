// truth: unsafe: the program keeps a value in a register that the function between leaves alone, and then stores it
// expect: fail
#include "corpus.h"
static volatile int count, last;
static void on(int s) { (void)s; count = 0; }
static NOINLINE void note(int n) { last = n; }
int main(int argc, char **argv) {
    (void)argv;
    INSTALL(SIGUSR1, on);
    for (;;) {
        int before = count;
        note(argc);
        count = before + 1;
        pause();
    }
}
