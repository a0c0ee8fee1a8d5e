// expect: undecided
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
static volatile sig_atomic_t seen;
static void good(int s) { seen = s; }
static void bad(int s) { printf("%d\n", s); }
struct { int s; void (*f)(int); } table[] = {
    {SIGHUP, good}, {SIGUSR1, good}, {SIGUSR2, good}, {SIGTERM, good}, {SIGINT, good}, {SIGQUIT, good}, {SIGALRM, good}, {SIGWINCH, good}, {SIGCHLD, bad}, {0, 0}};
int main(void) { struct sigaction a; for (int n = 0; table[n].s; n++) { memset(&a, 0, sizeof a); a.sa_handler = table[n].f; sigaction(table[n].s, &a, 0); } for (;;) pause(); }
