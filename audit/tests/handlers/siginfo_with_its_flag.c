// expect: pass
#include <signal.h>
#include <errno.h>
#include <unistd.h>
#include <string.h>
#include <stdio.h>
#include <stdlib.h>
static volatile int who;
static void on(int s, siginfo_t *info, void *context) { (void)s; (void)context; who = info->si_pid; }
int main(void) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_sigaction = on; a.sa_flags = SA_RESTART | SA_SIGINFO; sigaction(SIGUSR1, &a, 0); for (;;) pause(); }
