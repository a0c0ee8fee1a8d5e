// expect: fail
#include <signal.h>
#include <string.h>
#include <unistd.h>
long ring[16];
unsigned next;
static void on(int s) { ring[next & 15] = s; next = next + 1; }
int main(void) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_handler = on; sigaction(SIGUSR1, &a, 0); sigaction(SIGUSR2, &a, 0); for (;;) pause(); }
