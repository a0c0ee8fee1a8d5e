// truth: safe: callbacks run from the main loop after a flag was set; they are no handlers, whatever they call
#include "corpus.h"
static volatile sig_atomic_t pending[65];
static void (*callbacks[65])(int);
static void handler(int s) { pending[s & 63] = 1; }
NOINLINE void when(int s, void (*callback)(int)) {
    struct sigaction sa;
    memset(&sa, 0, sizeof sa);
    sa.sa_handler = handler;
    sigfillset(&sa.sa_mask);
    callbacks[s] = callback;
    sigaction(s, &sa, 0);
}
static void stop(int s) { printf("stop %d\n", s); exit(0); }
static void reload(int s) { printf("reload %d\n", s); free(malloc(100)); }
int main(void) {
    when(SIGTERM, stop);
    when(SIGHUP, reload);
    for (;;) {
        pause();
        for (int i = 0; i < 65; i++) if (pending[i] && callbacks[i]) { pending[i] = 0; callbacks[i](i); }
    }
}
