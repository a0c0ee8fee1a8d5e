// truth: safe: one function that computes a word from itself is called by the handler and by the program, which blocks the signal
// expect: pass
#include "corpus.h"
static volatile unsigned long sum;
__attribute__((noinline)) static void add(unsigned long k) { sum = sum * 3 + k; }
static void handler(int s) { add((unsigned long)s); }
int main(void) {
    sigset_t own, old;
    INSTALL(SIGUSR1, handler);
    for (;;) {
        pause();
        sigemptyset(&own); sigaddset(&own, SIGUSR1); sigprocmask(SIG_BLOCK, &own, &old);
        add(1);
        sigprocmask(SIG_SETMASK, &old, NULL);
    }
}
