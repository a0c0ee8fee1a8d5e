// expect: fail
#include <signal.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>
const char *volatile text = "x";
volatile int n;
static void on(int s) { (void)s; n = *text; }
int main(void) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_handler = on; sigaction(SIGUSR1, &a, 0); for (;;) { text = "y"; pause(); text = 0; } }
