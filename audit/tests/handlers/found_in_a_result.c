// expect: fail
#include <signal.h>
#include <errno.h>
#include <unistd.h>
#include <string.h>
#include <stdio.h>
#include <stdlib.h>
static void bad(int s) { printf("%d\n", s); }
static volatile sig_atomic_t seen;
static void good(int s) { seen = s; }
static __attribute__((noinline)) void (*pick(int n))(int) { return n ? bad : good; }
int main(int c, char **v) { (void)v; signal(SIGUSR1, pick(c)); for (;;) pause(); }
