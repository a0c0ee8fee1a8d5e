// expect: undecided
// The block is allocated after the handler is installed, which does not ask for null.
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
struct base { volatile sig_atomic_t is_interrupted; };
struct base *base;
static void handler(int s) { (void)s; base->is_interrupted = 1; }
int main(void) {
    signal(SIGINT, handler);
    base = calloc(1, sizeof *base);
    if (!base) exit(1);
    for (;;) pause();
}
