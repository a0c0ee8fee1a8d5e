// truth: find: the action that was there before is part of a structure, which a function fills with the bad handler, and it is put back
#include "corpus.h"
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
static void bad(int s) { printf("%d\n", s); }
static struct { char name[200]; struct sigaction old; } now;
static const struct { char name[200]; struct sigaction old; } loud = {"loud", {.sa_handler = bad}};
NOINLINE static void fill(void *to, const void *from, size_t n) { __asm__ volatile("" ::: "memory"); memcpy(to, from, n); }
int main(int argc, char **argv) {
    struct sigaction a;
    (void)argv;
    memset(&a, 0, sizeof a);
    a.sa_handler = good;
    sigaction(SIGUSR1, &a, &now.old);
    if (argc > 1) fill(&now, &loud, sizeof now);
    sigaction(SIGUSR1, &now.old, 0);
    for (;;) pause();
}
