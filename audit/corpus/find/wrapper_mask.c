// truth: find: a wrapper fills a mask and flags, the way of Stevens
#include "corpus.h"
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
static void bad(int s) { printf("%d\n", s); }
typedef void sigfunc(int);
NOINLINE static sigfunc *install(int signo, sigfunc *func) {
    struct sigaction act, oact;
    act.sa_handler = func;
    sigemptyset(&act.sa_mask);
    act.sa_flags = 0;
    if (signo != SIGALRM) act.sa_flags |= SA_RESTART;
    if (sigaction(signo, &act, &oact) < 0) return SIG_ERR;
    return oact.sa_handler;
}
int main(void) { install(SIGINT, good); if (install(SIGTERM, bad) == SIG_ERR) return 1; for (;;) pause(); }
