// expect: fail
#include <signal.h>
#include <errno.h>
#include <unistd.h>
#include <string.h>
#include <stdio.h>
#include <stdlib.h>
static const int *volatile last;
static void on(int s) { volatile int copy = s; last = (const int *)&copy; }
int main(void) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_handler = on; sigaction(SIGUSR1, &a, 0); for (;;) { pause(); if (last) exit(*last); } }
