// expect: undecided
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
struct settings { volatile int level; };
struct settings *settings;
volatile sig_atomic_t level;
static void on(int s) { (void)s; level = settings->level; }
int main(void) { struct sigaction a; settings = malloc(sizeof *settings); memset(&a, 0, sizeof a); a.sa_handler = on; sigaction(SIGUSR1, &a, 0); for (;;) pause(); }
