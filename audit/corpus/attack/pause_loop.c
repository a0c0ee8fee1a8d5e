// truth: unsafe: pauses in the handler until another signal, blocked meanwhile, sets a flag
#include "corpus.h"
volatile sig_atomic_t go;
static void handler(int s) { int saved = errno; (void)s; while (!go) pause(); errno = saved; }
static void release(int s) { go = s; }
int main(void) {
    struct sigaction sa;
    memset(&sa, 0, sizeof sa);
    sigfillset(&sa.sa_mask);
    sa.sa_handler = handler;
    sigaction(SIGUSR1, &sa, 0);
    sa.sa_handler = release;
    sigaction(SIGUSR2, &sa, 0);
    for (;;) pause();
}
