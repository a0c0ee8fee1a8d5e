// expect: pass
#include <signal.h>
#include <errno.h>
#include <unistd.h>
#include <string.h>
#include <stdio.h>
#include <stdlib.h>
static volatile sig_atomic_t a, b;
static void one(int s) { a = s; }
static void two(int s) { b = s; }
static void (*const table[2])(int) = { one, two };
static void on(int s) { table[s & 1](s); }
int main(void) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_handler = on; sigaction(SIGUSR1, &a, 0); for (;;) pause(); }
