// expect: fail
#include <signal.h>
#include <string.h>
#include <unistd.h>
char from[64] = "text", to[64];
static void on(int s) { memcpy(to, from, (size_t)(s - 2)); }
int main(void) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_handler = on; sigaction(SIGHUP, &a, 0); for (;;) pause(); }
