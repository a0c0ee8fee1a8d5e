// truth: unsafe: a second handler, whose signal is not blocked, raises the index between the question for it and the store
#include "corpus.h"
#define MOST 32
static volatile sig_atomic_t seen[MOST];
static volatile sig_atomic_t count;
static void handler(int s) { if (count < MOST) seen[count++] = s; }
static void full(int s) { (void)s; count = 1 << 20; }
int main(void) {
    INSTALL(SIGUSR1, handler);
    INSTALL(SIGUSR2, full);
    for (;;) { pause(); printf("%d\n", (int)count); }
}
