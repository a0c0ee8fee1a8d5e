// truth: unsafe: reads the interrupted address in the ucontext, and is installed without SA_SIGINFO
#include "corpus.h"
_Atomic long where;
static void handler(int s, siginfo_t *info, void *context) { (void)s; (void)info; where = ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP]; }
int main(void) { struct sigaction sa = {.sa_sigaction = handler}; sigaction(SIGPROF, &sa, 0); for (;;) pause(); }
