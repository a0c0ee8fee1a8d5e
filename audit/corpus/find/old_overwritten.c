// truth: find: the action that was there before is kept, overwritten by a function with the bad handler, and put back
#include "corpus.h"
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
static void bad(int s) { printf("%d\n", s); }
static struct sigaction old;
static const struct sigaction loud = {.sa_handler = bad};
NOINLINE static void fill(void *to, const void *from, size_t n) { __asm__ volatile("" ::: "memory"); memcpy(to, from, n); }
int main(int argc, char **argv) {
    struct sigaction a;
    (void)argv;
    memset(&a, 0, sizeof a);
    a.sa_handler = good;
    sigaction(SIGUSR1, &a, &old);
    if (argc > 1) fill(&old, &loud, sizeof old);
    sigaction(SIGUSR1, &old, 0);
    for (;;) pause();
}
