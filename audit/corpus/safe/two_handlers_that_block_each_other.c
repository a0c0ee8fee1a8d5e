// truth: safe: handlers of two signals count in one word, and each blocks the other's signal
// expect: pass
#include "corpus.h"
static volatile unsigned long sum = 1;
static void handler(int s) { unsigned long v = sum; v = v * 3 + (unsigned)s; sum = v; }
static void other(int s) { unsigned long v = sum; v = (v >> 1) ^ (unsigned)s; sum = v; }
int main(void) {
    struct sigaction sa;
    memset(&sa, 0, sizeof sa);
    sigemptyset(&sa.sa_mask); sigaddset(&sa.sa_mask, SIGUSR2); sa.sa_handler = handler; sigaction(SIGUSR1, &sa, NULL);
    sigemptyset(&sa.sa_mask); sigaddset(&sa.sa_mask, SIGUSR1); sa.sa_handler = other; sigaction(SIGUSR2, &sa, NULL);
    for (;;) { pause(); printf("%lu\n", sum); }
}
