// expect: undecided
// The handler exchanges two pointers that the program uses together.
#include "corpus.h"
static char a[64], b[64]; static char *volatile front = a, *volatile back = b;
static void on(int s) { (void)s; char *t = front; front = back; back = t; }
int main(void) {
    INSTALL(SIGUSR1, on);
    for (;;) {
        memcpy(front, back, 64);
    }
}
