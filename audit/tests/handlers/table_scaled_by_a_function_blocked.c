// expect: open
// A function scales the elements of its argument with the signal blocked.
#include "corpus.h"
static int hits[64];
NOINLINE static void scale(int *t, int n) { for (int i = 0; i < n; i++) t[i] = t[i] * 3 / 4; }
static void handler(int s) { hits[s & 31]++; }
int main(void) { sigset_t set, old; sigemptyset(&set); sigaddset(&set, SIGUSR1); INSTALL(SIGUSR1, handler); for (;;) { usleep(1); sigprocmask(SIG_BLOCK, &set, &old); scale(hits, 64); sigprocmask(SIG_SETMASK, &old, 0); } }
