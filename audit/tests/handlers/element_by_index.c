// expect: fail
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
static volatile sig_atomic_t seen;
__attribute__((noinline)) static void keep(int s) { seen = s; }
__attribute__((noinline)) static void print(int s) { printf("%d\n", s); }
static void (*table[4])(int) = { keep, keep, keep, keep };
static void on(int s) { table[1](s); seen = 2; }
int main(int argc, char **argv) { struct sigaction a; (void)argv; table[argc & 3] = print; memset(&a, 0, sizeof a); a.sa_handler = on; sigaction(SIGUSR1, &a, 0); for (;;) pause(); }
