// truth: unsafe: a frame of a megabyte on an alternate stack of 8 kB
#include "corpus.h"
static char stack[8192];
static void handler(int s) {
    int saved = errno;
    char text[1 << 20];
    memset(text, s, sizeof text);
    (void)!write(2, text, sizeof text);
    errno = saved;
}
int main(void) {
    stack_t st;
    memset(&st, 0, sizeof st);
    st.ss_sp = stack;
    st.ss_size = sizeof stack;
    sigaltstack(&st, 0);
    struct sigaction sa;
    memset(&sa, 0, sizeof sa);
    sa.sa_handler = handler;
    sa.sa_flags = SA_ONSTACK;
    sigaction(SIGUSR1, &sa, 0);
    for (;;) pause();
}
