// expect: fail
#include <signal.h>
#include <errno.h>
#include <unistd.h>
#include <string.h>
#include <stdio.h>
#include <stdlib.h>
static volatile sig_atomic_t seen;
static void on(int s) { if (s == SIGTERM) printf("end\n"); else seen = s; }
int main(void) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_handler = on; sigaction(SIGHUP, &a, 0); sigaction(SIGTERM, &a, 0); for (;;) pause(); }
