// expect: pass
#include <signal.h>
#include <errno.h>
#include <unistd.h>
#include <string.h>
#include <stdio.h>
#include <stdlib.h>
static volatile sig_atomic_t a, b, c, d, e;
static void on(int s) { switch (s) { case 1: a = 1; break; case 2: b = 1; break; case 3: c = 1; break; case 4: d = 1; break; case 5: e = 1; break; } }
int main(void) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_handler = on; sigaction(SIGUSR1, &a, 0); for (;;) pause(); }
