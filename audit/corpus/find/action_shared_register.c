// truth: find: one structure is installed twice, and a function that is given its address puts the bad handler into it in between
#include "corpus.h"
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
static void bad(int s) { printf("%d\n", s); }
static struct sigaction action = {.sa_handler = good};
static void (*const choice[])(int) = {good, bad};
NOINLINE static void fill(void *to, const void *from) { __asm__ volatile("" ::: "memory"); memcpy(to, from, sizeof(void *)); }
int main(int argc, char **argv) {
    (void)argv;
    sigaction(SIGUSR1, &action, 0);
    fill(&action, &choice[argc & 1]);
    sigaction(SIGUSR2, &action, 0);
    for (;;) pause();
}
