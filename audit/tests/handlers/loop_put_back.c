// expect: undecided
#include <signal.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>
volatile int n;
static void on(int s) { (void)s; for (volatile int i = 0; i < 500; i++) { n = i; if (i == 400) i = 0; } }
int main(void) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_handler = on; sigaction(SIGUSR1, &a, 0); for (;;) pause(); }
