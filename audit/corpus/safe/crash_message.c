// truth: safe: a fault is reported by write and ended by _exit, on an alternate stack
#include "corpus.h"
static char stack[65536];
static void handler(int s, siginfo_t *info, void *context) {
    (void)info; (void)context;
    (void)!write(2, "fault\n", 6);
    _exit(128 + s);
}
int main(void) {
    stack_t st;
    memset(&st, 0, sizeof st);
    st.ss_sp = stack;
    st.ss_size = sizeof stack;
    sigaltstack(&st, 0);
    struct sigaction sa;
    memset(&sa, 0, sizeof sa);
    sa.sa_sigaction = handler;
    sa.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigaction(SIGSEGV, &sa, 0);
    for (;;) pause();
}
