// expect: fail
#include <signal.h>
#include <string.h>
#include <unistd.h>
static void on(int s) { write(2, "on\n", 3); signal(s, SIG_DFL); raise(s); signal(s, SIG_IGN); }
int main(void) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_handler = on; sigaction(SIGTERM, &a, 0); for (;;) pause(); }
