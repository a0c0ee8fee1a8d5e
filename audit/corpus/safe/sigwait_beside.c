// truth: safe: SIGTERM is taken by sigwait; the handler is that of SIGALRM alone
#include "corpus.h"
static volatile sig_atomic_t ticks;
static void handler(int s) { (void)s; ticks++; alarm(1); }
int main(void) {
    sigset_t set;
    int got;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, 0);
    INSTALL(SIGALRM, handler);
    alarm(1);
    return sigwait(&set, &got);
}
