// truth: safe: a timer's function runs in a thread of its own (SIGEV_THREAD) and is no handler
#include "corpus.h"
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
static void tick(union sigval v) { printf("%d\n", v.sival_int); }
int main(void) {
    struct sigevent e;
    timer_t t;
    memset(&e, 0, sizeof e);
    e.sigev_notify = SIGEV_THREAD;
    e.sigev_notify_function = tick;
    timer_create(CLOCK_MONOTONIC, &e, &t);
    signal(SIGINT, good);
    for (;;) pause();
}
