// expect: pass
#include <signal.h>
#include <string.h>
#include <unistd.h>
volatile long seen[65];
char between[64];
volatile sig_atomic_t total;
static void on(int s) { seen[s] = seen[s] + 1; __atomic_fetch_add(&total, 1, __ATOMIC_RELAXED); }
int main(void) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_handler = on; sigaction(SIGUSR1, &a, 0); sigaction(SIGUSR2, &a, 0); for (;;) pause(); }
