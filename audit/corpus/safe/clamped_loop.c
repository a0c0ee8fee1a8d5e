// truth: safe: a loop as often as a number says that was limited to the length of the array
// expect: open
#include "corpus.h"
static volatile int n, a[4], sum;
static void handler(int s) {
    int m = n;
    if (m > 4) m = 4;
    for (int i = 0; i < m; i++) sum = a[i] + s;
}
int main(void) { INSTALL(SIGUSR1, handler); for (;;) n = rand() & 3; }
