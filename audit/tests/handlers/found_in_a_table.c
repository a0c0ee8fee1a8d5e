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
static const struct { int s; void (*f)(int); } table[] = { { SIGUSR1, good }, { SIGUSR2, bad } };
int main(void) { for (unsigned i = 0; i < 2; i++) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_handler = table[i].f; sigaction(table[i].s, &a, 0); } for (;;) pause(); }
