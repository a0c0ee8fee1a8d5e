// expect: undecided
// The block is freed by a copy of its pointer that the program has kept.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
struct base { int magic; volatile sig_atomic_t is_interrupted; };
struct base *base, *kept;
static void handler(int s) { (void)s; if (base) base->is_interrupted = 1; }
int main(void) {
    base = calloc(1, sizeof *base);
    if (!base) exit(1);
    kept = base;
    signal(SIGINT, handler);
    pause();
    printf("%d\n", base->is_interrupted);
    free(kept);
    pause();
}
