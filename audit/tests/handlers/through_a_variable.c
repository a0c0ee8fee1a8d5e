// expect: undecided
#include <signal.h>
#include <errno.h>
#include <unistd.h>
#include <string.h>
#include <stdio.h>
#include <stdlib.h>
static void later(int s) { printf("%d\n", s); }
static void (*volatile hook)(int);
void set(void) { hook = later; }
static void on(int s) { hook(s); }
int main(void) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_handler = on; sigaction(SIGUSR1, &a, 0); for (;;) pause(); }
