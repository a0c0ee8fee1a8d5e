// truth: find: sa_sigaction is stored over sa_handler in the same union
#include "corpus.h"
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
static void bad(int s, siginfo_t *i, void *c) { (void)i; (void)c; printf("%d\n", s); }
int main(int argc, char **argv) {
    struct sigaction sa;
    (void)argv;
    memset(&sa, 0, sizeof sa);
    sa.sa_handler = good;
    if (argc > 1) { sa.sa_sigaction = bad; sa.sa_flags = SA_SIGINFO; }
    sigaction(SIGTERM, &sa, 0);
    for (;;) pause();
}
