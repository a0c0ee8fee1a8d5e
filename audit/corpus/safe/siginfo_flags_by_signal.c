// truth: safe: SA_SIGINFO always, SA_RESTART for all signals but one
#include "corpus.h"
_Atomic int who;
static void handler(int s, siginfo_t *info, void *context) { (void)s; (void)context; who = info->si_pid; }
NOINLINE static int install(int s) {
    struct sigaction sa;
    sa.sa_sigaction = handler;
    sigfillset(&sa.sa_mask);
    sa.sa_flags = SA_SIGINFO;
    if (s != SIGALRM) sa.sa_flags |= SA_RESTART;
    return sigaction(s, &sa, 0);
}
int main(void) { if (install(SIGUSR1) || install(SIGALRM)) return 1; for (;;) pause(); }
