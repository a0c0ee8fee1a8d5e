// expect: fail
#define _GNU_SOURCE
#include <signal.h>
#include <errno.h>
#include <unistd.h>
#include <string.h>
#include <stdio.h>
#include <stdlib.h>
#include <ucontext.h>
static void on(int s, siginfo_t *i, void *c) { (void)s; (void)i; ((ucontext_t *)c)->uc_mcontext.gregs[REG_RIP] += 2; }
int main(void) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_sigaction = on; a.sa_flags = SA_SIGINFO; sigaction(SIGUSR1, &a, 0); for (;;) pause(); }
