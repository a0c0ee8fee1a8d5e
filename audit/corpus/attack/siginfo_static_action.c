// truth: unsafe: the structure is static, its flags are stored when the program runs, and SA_SIGINFO is not among them
#include "corpus.h"
_Atomic int who;
static struct sigaction sa;
static void handler(int s, siginfo_t *info, void *context) { (void)s; (void)context; who = info->si_pid; }
int main(void) { sa.sa_sigaction = handler; sa.sa_flags = SA_NOCLDSTOP | SA_RESTART; sigaction(SIGCHLD, &sa, 0); for (;;) pause(); }
