// truth: unsafe: a crash reporter writes each register in as many digits as would fit into a buffer that is far larger than its own
#include "corpus.h"
static const char hex[] = "0123456789abcdef";
static void handler(int s, siginfo_t *i, void *u) {
    ucontext_t *c = u; char b[17]; (void)i; b[16] = '\n';
    for (int r = 0; r < 17; r++) {
        unsigned long v = c->uc_mcontext.gregs[r];
        for (int k = 255; k >= 0; k--) { b[k] = hex[v & 15]; v >>= 4; }
        write(2, b, sizeof b);
    }
    signal(s, SIG_DFL); raise(s);
}
int main(void) { struct sigaction sa; memset(&sa, 0, sizeof sa); sa.sa_sigaction = handler; sa.sa_flags = SA_SIGINFO | SA_RESETHAND; sigaction(SIGSEGV, &sa, 0); sigaction(SIGBUS, &sa, 0); for (;;) pause(); }
