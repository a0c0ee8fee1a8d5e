// expect: pass
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
volatile sig_atomic_t seen;
static void on(int s) { int text[4]; int *volatile at = text; int *p = text; if ((unsigned long)p & 3) printf("misaligned\n"); (void)at; seen = s; }
int main(int argc, char **argv) { struct sigaction a; (void)argv; memset(&a, 0, sizeof a); a.sa_handler = on; sigaction(SIGUSR1, &a, 0); for (;;) pause(); }
