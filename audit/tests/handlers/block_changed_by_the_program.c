// expect: undecided
// The program changes the word of the block in several instructions, by the pointer that the call returned.
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
struct base { volatile unsigned count, weight; };
struct base *base;
static void handler(int s) { (void)s; if (base) base->count = 0; }
int main(void) {
    struct base *own = calloc(1, sizeof *own);
    if (!own) exit(1);
    base = own;
    signal(SIGUSR1, handler);
    for (;;) { usleep(1); own->count = own->count * 3 + 1; }
}
