// expect: undecided
#include <signal.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>
volatile int depth, n;
__attribute__((noinline)) static void down(int k) { volatile char frame[100]; frame[k & 63] = 1; if (k > 0) down(k - 1); n = frame[k & 63]; }
static void on(int s) { (void)s; down(depth); }
int main(void) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_handler = on; sigaction(SIGUSR1, &a, 0); for (;;) pause(); }
