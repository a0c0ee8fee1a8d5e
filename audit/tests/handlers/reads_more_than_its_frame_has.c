// expect: fail
#include <signal.h>
#include <errno.h>
#include <unistd.h>
#include <string.h>
#include <stdio.h>
#include <stdlib.h>
static volatile char first;
static void on(int s) { int saved = errno; char text[16]; (void)s; if (read(0, text, 4096) > 0) first = text[0]; errno = saved; }
int main(void) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_handler = on; sigaction(SIGUSR1, &a, 0); for (;;) pause(); }
