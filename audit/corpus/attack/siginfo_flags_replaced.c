// truth: unsafe: SA_SIGINFO is set and then overwritten by other flags
#include "corpus.h"
_Atomic int who;
static void handler(int s, siginfo_t *info, void *context) { (void)s; (void)context; who = info->si_pid; }
int main(void) {
    struct sigaction sa;
    memset(&sa, 0, sizeof sa);
    sa.sa_sigaction = handler;
    sa.sa_flags = SA_SIGINFO;
    sa.sa_flags = SA_RESTART;
    sigaction(SIGUSR1, &sa, 0);
    for (;;) pause();
}
