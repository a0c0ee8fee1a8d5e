// expect: fail
// The call that should block the signal has an invalid first argument.
#include "corpus.h"
static volatile long n;
static void handler(int s) { (void)s; n++; }
int main(void) { sigset_t set, old; sigemptyset(&set); sigaddset(&set, SIGUSR1); INSTALL(SIGUSR1, handler); for (;;) { pause(); sigprocmask(SIGUSR1, &set, &old); n = n * 3 + 1; sigprocmask(SIG_SETMASK, &old, 0); } }
