// truth: unsafe: a global keeps the pointer to the siginfo, which is gone when the handler returns
#include "corpus.h"
siginfo_t *volatile last;
static void handler(int s, siginfo_t *info, void *context) { (void)s; (void)context; last = info; }
int main(void) { INSTALL_INFO(SIGUSR1, handler); for (;;) { pause(); if (last && last->si_pid == 1) return 0; } }
