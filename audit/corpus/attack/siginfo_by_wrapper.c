// truth: unsafe: the wrapper takes the flags as an argument, and SA_SIGINFO is missing in one of its two calls
#include "corpus.h"
_Atomic int who, n;
static void good(int s, siginfo_t *info, void *context) { (void)s; (void)context; who = info->si_pid; }
static void bad(int s, siginfo_t *info, void *context) { (void)s; (void)context; who = info->si_uid; }
NOINLINE static int install(int s, void (*f)(int, siginfo_t *, void *), int flags) {
    struct sigaction sa;
    sigemptyset(&sa.sa_mask);
    sa.sa_sigaction = f;
    sa.sa_flags = flags;
    return sigaction(s, &sa, 0);
}
int main(void) { install(SIGUSR1, good, SA_SIGINFO | SA_RESTART); install(SIGUSR2, bad, SA_RESTART); for (;;) pause(); }
