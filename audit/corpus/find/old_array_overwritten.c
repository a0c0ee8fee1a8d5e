// truth: find: actions that were there before are kept in an array, into which another function copies the bad handler
#include "corpus.h"
static struct sigaction old[32];
static void bad(int s) { printf("%d\n", s); }
static void handler(int s) { sigaction(s, &old[s & 31], 0); raise(s); _exit(128 + s); }
static const struct sigaction loud = {.sa_handler = bad};
int main(int argc, char **argv) {
    struct sigaction a;
    (void)argv;
    memset(&a, 0, sizeof a);
    a.sa_handler = handler;
    sigaction(SIGSEGV, &a, &old[SIGSEGV]);
    sigaction(SIGBUS, &a, &old[SIGBUS]);
    memcpy(&old[argc + 5], &loud, sizeof loud);
    for (;;) pause();
}
