// expect: pass
#include <signal.h>
#include <errno.h>
#include <unistd.h>
#include <string.h>
#include <stdio.h>
#include <stdlib.h>
static int ends[2];
static void on(int s) { int saved = errno; char byte = s; if (write(ends[1], &byte, 1) < 0) byte = 0; errno = saved; }
int main(void) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_handler = on; sigaction(SIGUSR1, &a, 0); for (;;) pause(); }
