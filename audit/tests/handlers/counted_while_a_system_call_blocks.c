// expect: open
// The signal is blocked meanwhile, by a system call and not by a function of that name.
#include "corpus.h"
static volatile int n;
static void handler(int sig) { n++; }
NOINLINE static void mask(int how) { unsigned long m = 1ul << (SIGUSR1 - 1); syscall(SYS_rt_sigprocmask, how, &m, NULL, 8); }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { pause(); mask(SIG_BLOCK); n = (n + 5) % 7; mask(SIG_UNBLOCK); } }
