// truth: find: one structure is installed twice, and a function that is given its address puts the bad handler into it in between
#include "corpus.h"
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
static void bad(int s) { printf("%d\n", s); }
static struct sigaction action = {.sa_handler = good};
void (*volatile other)(int) = bad;
NOINLINE void fill(void *to, void *from) { __asm__ volatile("" : "+r"(to), "+r"(from) : : "memory"); *(void **)to = from; }
int main(int argc, char **argv) {
    (void)argv;
    sigaction(SIGUSR1, &action, 0);
    if (argc > 1) fill(&action, (void *)other);
    sigaction(SIGUSR2, &action, 0);
    for (;;) pause();
}
