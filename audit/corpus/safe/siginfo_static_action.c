// truth: safe: a static structure whose flags are stored when the program runs
#include "corpus.h"
_Atomic int who;
static struct sigaction sa;
static void handler(int s, siginfo_t *info, void *context) { (void)s; (void)context; who = info->si_pid; }
int main(void) { sa.sa_sigaction = handler; sa.sa_flags = SA_SIGINFO | SA_RESTART; sigaction(SIGUSR1, &sa, 0); for (;;) pause(); }
