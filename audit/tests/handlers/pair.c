// expect: undecided
#include <signal.h>
#include <errno.h>
#include <unistd.h>
#include <string.h>
#include <stdio.h>
#include <stdlib.h>
static struct { long a, b; } pair;
static void on(int s) { pair.a = s; pair.b = s + 1; }
long sum(void) { return pair.a + pair.b; }
int main(void) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_handler = on; sigaction(SIGUSR1, &a, 0); for (;;) pause(); }
