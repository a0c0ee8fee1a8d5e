// expect: fail
#include <signal.h>
#include <errno.h>
#include <unistd.h>
#include <string.h>
#include <stdio.h>
#include <stdlib.h>
static volatile int sum;
static void on(int s) { sum = sum * 3 + s; }
int main(void) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_handler = on; a.sa_flags = SA_NODEFER; sigaction(SIGUSR1, &a, 0); for (;;) pause(); }
