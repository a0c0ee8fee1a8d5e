// truth: unsafe: it compares the lower half of an index, and writes behind its array
// expect: undecided
#include "corpus.h"
static volatile unsigned long chosen;
static volatile char marks[4];
static void handler(int s) {
    (void)s;
    unsigned long at = chosen;
    if ((unsigned)at <= 3) marks[at] = 1;
}
int main(int argc, char **argv) { chosen = strtoul(argv[argc - 1], 0, 0); INSTALL(SIGUSR1, handler); for (;;) pause(); }
