// expect: undecided
#include <signal.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>
struct { volatile long low, high; } range;
__attribute__((noinline)) static void low(long n) { range.low = n; }
__attribute__((noinline)) static void high(long n) { range.high = n; }
static void on(int s) { low(s); high(s + 1); }
int main(void) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_handler = on; sigaction(SIGUSR1, &a, 0); for (;;) pause(); }
