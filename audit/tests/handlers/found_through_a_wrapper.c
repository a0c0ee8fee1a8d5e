// expect: fail
#include <signal.h>
#include <errno.h>
#include <unistd.h>
#include <string.h>
#include <stdio.h>
#include <stdlib.h>
static void bad(int s) { printf("%d\n", s); }
static __attribute__((noinline)) int handle(int s, void (*f)(int), int flags) { struct sigaction a; sigemptyset(&a.sa_mask); a.sa_flags = flags; a.sa_handler = f; return sigaction(s, &a, 0); }
int main(void) { handle(SIGPIPE, SIG_IGN, 0); handle(SIGUSR1, bad, SA_RESTART); for (;;) pause(); }
