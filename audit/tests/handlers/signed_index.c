// expect: undecided
#include <signal.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>
volatile int which;
volatile int n;
static void on(int s) { static void *const table[] = {&&a, &&b}; int i = which; if (i > 1) return; goto *table[i]; a: n = s; return; b: n = -s; }
int main(void) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_handler = on; sigaction(SIGUSR1, &a, 0); for (;;) pause(); }
