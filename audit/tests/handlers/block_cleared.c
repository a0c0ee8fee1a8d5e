// expect: undecided
#include <signal.h>
#include <string.h>
#include <unistd.h>
static struct { long words[80]; } current;
static void on(int s) { (void)s; memset(&current, 0, sizeof current); }
long sum(void) { return current.words[0] + current.words[79]; }
int main(void) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_handler = on; sigaction(SIGUSR1, &a, 0); for (;;) pause(); }
