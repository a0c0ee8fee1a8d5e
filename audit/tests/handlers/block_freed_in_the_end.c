// expect: undecided
// The block is freed before the program ends, with the signal open.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
struct base { int magic; volatile sig_atomic_t is_interrupted; };
struct base *base;
static void handler(int s) { (void)s; if (base) base->is_interrupted = 1; }
int main(void) {
    base = calloc(1, sizeof *base);
    if (!base) exit(1);
    signal(SIGINT, handler);
    pause();
    printf("%d\n", base->is_interrupted);
    free(base);
    pause();
}
