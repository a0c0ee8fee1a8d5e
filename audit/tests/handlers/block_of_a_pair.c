// expect: undecided
// The program stores two words of the block one after the other, which the handler reads.
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
struct base { volatile int from, to; volatile long seen; };
struct base *base;
static void handler(int s) { (void)s; if (base && base->from > base->to) _exit(1); }
int main(void) {
    base = calloc(1, sizeof *base);
    if (!base) exit(1);
    signal(SIGINT, handler);
    for (;;) {
        base->from = 0;
        base->to = 0;
        pause();
        base->to = 7;
        base->from = 7;
    }
}
