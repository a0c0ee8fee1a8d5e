// truth: unsafe: a time of two words is copied from the stack into a global that the main program reads
#include "corpus.h"
#include <time.h>
static struct timespec last;
static volatile sig_atomic_t got;
static void handler(int s) {
    int keep = errno;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    last = now;
    got = 1;
    errno = keep;
}
int main(void) {
    struct sigaction a = {.sa_handler = handler};
    sigaction(SIGALRM, &a, 0);
    for (;;) { pause(); if (got) printf("%ld.%ld\n", (long)last.tv_sec, last.tv_nsec); }
}
