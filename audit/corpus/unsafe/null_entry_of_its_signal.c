// truth: unsafe: the table of functions has no entry for one of the two signals that the handler is installed for
#include "corpus.h"
static volatile sig_atomic_t n; static void one(int s) { n = s; }
static void (*const ops[16])(int) = { [SIGHUP] = one, [SIGINT] = one, [SIGUSR1] = one };
static void handler(int sig) { ops[sig & 15](sig); }
int main(void) { INSTALL(SIGUSR1, handler); INSTALL(SIGUSR2, handler); for (;;) pause(); }
