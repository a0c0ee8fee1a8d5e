// expect: fail
#include <signal.h>
#include <errno.h>
#include <unistd.h>
#include <string.h>
#include <stdio.h>
#include <stdlib.h>
static void *volatile kept;
static __attribute__((noinline)) void keep(int s) { kept = malloc(s); }
static __attribute__((noinline)) void note(int s) { keep(s + 1); kept = 0; }
static void on(int s) { note(s); }
int main(void) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_handler = on; sigaction(SIGUSR1, &a, 0); for (;;) pause(); }
