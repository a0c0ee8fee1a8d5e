// truth: unsafe: ten frames of 700 bytes, one in the other, with the frame of the kernel are more than the alternate stack of 8192
#include "corpus.h"
#define G(n, m) NOINLINE static void g##n(volatile char *p) { volatile char frame[700]; frame[0] = *p; g##m(frame); frame[699] = *p; __asm__ volatile("" : : "r"(frame) : "memory"); }
volatile sig_atomic_t n;
NOINLINE static void g0(volatile char *p) { n = *p; }
G(1, 0) G(2, 1) G(3, 2) G(4, 3) G(5, 4) G(6, 5) G(7, 6) G(8, 7) G(9, 8) G(10, 9)
static char stack[8192] __attribute__((aligned(16)));
static void handler(int s) { volatile char c = (char)s; g10(&c); }
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
