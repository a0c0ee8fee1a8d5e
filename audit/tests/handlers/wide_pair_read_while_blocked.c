// expect: open
#include "corpus.h"
static struct { long seconds, rest; } when;
static void handler(int s) { struct timespec t; (void)s; clock_gettime(CLOCK_MONOTONIC, &t); when.seconds = t.tv_sec; when.rest = t.tv_nsec; }
int main(void) {
    INSTALL(SIGUSR1, handler);
    sigset_t all, old;
    sleep(10);
    sigemptyset(&all);
    sigaddset(&all, SIGUSR1);
    sigprocmask(SIG_BLOCK, &all, &old);
    long a = when.seconds, b = when.rest;
    sigprocmask(SIG_SETMASK, &old, 0);
    return a + b < 0;
}
