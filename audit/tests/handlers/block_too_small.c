// expect: undecided
// The word lies behind the end of the block.
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
struct base { int magic; volatile sig_atomic_t is_interrupted; };
struct base *base;
static void handler(int s) { (void)s; if (base) base->is_interrupted = 1; }
int main(void) {
    base = calloc(1, 4);
    if (!base) exit(1);
    signal(SIGINT, handler);
    for (;;) pause();
}
