// expect: undecided
#include <signal.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>
static struct { volatile int number, pid; } ring[16];
static volatile unsigned next;
static void on(int s, siginfo_t *info, void *context) { (void)context; ring[next & 15].number = s; ring[next & 15].pid = info->si_pid; next = next + 1; }
int main(void) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_sigaction = on; a.sa_flags = SA_SIGINFO; sigaction(SIGUSR1, &a, 0); for (;;) pause(); }
