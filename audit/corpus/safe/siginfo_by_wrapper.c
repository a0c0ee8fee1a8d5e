// truth: safe: a wrapper that takes the flags as an argument, among them SA_SIGINFO
#include "corpus.h"
_Atomic int who, code;
static void handler(int s, siginfo_t *info, void *context) { (void)s; (void)context; who = info->si_pid; code = info->si_code; }
NOINLINE static int install(int s, void (*f)(int, siginfo_t *, void *), int flags) {
    struct sigaction sa;
    memset(&sa, 0, sizeof sa);
    sigemptyset(&sa.sa_mask);
    sa.sa_sigaction = f;
    sa.sa_flags = flags;
    return sigaction(s, &sa, 0);
}
int main(void) { install(SIGUSR1, handler, SA_SIGINFO | SA_RESTART); install(SIGUSR2, handler, SA_SIGINFO); for (;;) pause(); }
