// truth: safe: one handler of two signals counts by one atomic instruction, and stores which signal came last
#include "corpus.h"
static unsigned count;
static volatile sig_atomic_t last;
static void handler(int s) { __atomic_fetch_add(&count, 1, __ATOMIC_RELAXED); last = s; }
int main(void) { INSTALL(SIGUSR1, handler); INSTALL(SIGUSR2, handler); for (;;) { pause(); printf("%d\n", (int)last); } }
