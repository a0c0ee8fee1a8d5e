// truth: unsafe: the program changes a word in steps, and keeps the value in another word meanwhile
// expect: fail
#include "corpus.h"
static volatile int count, draft;
static void on(int s) { (void)s; count = 0; }
int main(int argc, char **argv) {
    (void)argv;
    INSTALL(SIGUSR1, on);
    for (;;) {
        draft = count;
        draft *= argc;
        count = draft;
        pause();
    }
}
