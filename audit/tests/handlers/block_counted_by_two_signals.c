// expect: undecided
// Two signals, neither of which blocks the other, count in the block by several instructions, and so does the program.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
struct base { volatile unsigned count, weight; };
struct base *base;
static void handler(int s) { if (base) base->count = base->count * 2 + (unsigned)s; }
int main(void) {
    base = calloc(1, sizeof *base);
    if (!base) exit(1);
    signal(SIGUSR1, handler);
    signal(SIGUSR2, handler);
    for (;;) { pause(); printf("%u\n", base->count); }
}
