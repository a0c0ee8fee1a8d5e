// truth: safe: a thread-local counter and buffer of the program itself, and a bounded loop over it
#include "corpus.h"
static __thread volatile unsigned counts[4];
static __thread volatile sig_atomic_t total;
static void handler(int s) {
    unsigned sum = 0;
    counts[s & 3]++;
    for (int i = 0; i < 4; i++) sum += counts[i];
    total = sum;
}
int main(void) {
    struct sigaction a = {.sa_handler = handler};
    sigaction(SIGTERM, &a, 0);
    for (;;) { pause(); if (total > 3) return 0; }
}
