// truth: find: a loop installs one handler for many signals, the pointer kept in a register; then another
#include "corpus.h"
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
static void bad(int s) { printf("%d\n", s); }
static const int signals[] = {SIGTERM, SIGHUP, SIGQUIT, SIGUSR2};
int main(void) {
    struct sigaction sa;
    memset(&sa, 0, sizeof sa);
    sa.sa_handler = bad;
    for (unsigned i = 0; i < 4; i++) { sigaddset(&sa.sa_mask, signals[i]); }
    for (unsigned i = 0; i < 4; i++) { sigaction(signals[i], &sa, 0); }
    sa.sa_handler = good;
    sigaction(SIGINT, &sa, 0);
    for (;;) pause();
}
