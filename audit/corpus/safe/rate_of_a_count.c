// truth: safe: the program keeps what it has seen of a count in a word of its own
// expect: pass
#include "corpus.h"
static volatile sig_atomic_t count, seen, rate;
static void on(int s) { (void)s; count = count + 1; }
int main(void) {
    INSTALL(SIGUSR1, on);
    for (;;) {
        int now = count;
        rate = now - seen;
        seen = now;
        printf("%d\n", rate);
        sleep(1);
    }
}
