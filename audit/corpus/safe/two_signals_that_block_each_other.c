// truth: safe: one handler of two signals computes a word from itself, with both signals in its mask
// expect: pass
#include "corpus.h"
static volatile unsigned long sum = 1;
static void handler(int s) { sum = sum * 3 + (unsigned)s; }
int main(void) {
    struct sigaction sa;
    memset(&sa, 0, sizeof sa);
    sa.sa_handler = handler;
    sigfillset(&sa.sa_mask);
    sigaction(SIGUSR1, &sa, NULL); sigaction(SIGUSR2, &sa, NULL);
    for (;;) { pause(); printf("%lu\n", sum); }
}
