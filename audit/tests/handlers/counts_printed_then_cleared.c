// expect: undecided
// The program prints the counts and then clears them: what a signal counts between is lost.
#include "corpus.h"
static struct { unsigned long seen, lost, other[4]; } stats;
static void handler(int s) { (void)s; stats.seen++; }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { pause(); printf("%lu %lu\n", stats.seen, stats.lost); memset(&stats, 0, sizeof stats); } }
