// expect: fail
#include <signal.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>
static void on(int s, siginfo_t *info, void *context) { (void)info; ((ucontext_t *)context)->uc_mcontext.fpregs->mxcsr = (unsigned)s; }
int main(void) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_sigaction = on; a.sa_flags = SA_SIGINFO; sigaction(SIGUSR1, &a, 0); for (;;) pause(); }
