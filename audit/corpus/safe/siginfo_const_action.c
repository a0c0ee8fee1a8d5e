// truth: safe: a constant structure with SA_SIGINFO
#include "corpus.h"
_Atomic int who;
static void handler(int s, siginfo_t *info, void *context) { (void)s; (void)context; who = info->si_pid; }
static const struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
int main(void) { sigaction(SIGUSR1, &action, 0); sigaction(SIGUSR2, &action, 0); for (;;) pause(); }
