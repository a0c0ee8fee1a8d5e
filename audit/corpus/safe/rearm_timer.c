// truth: safe: timer_settime and timer_getoverrun are on the list, the new time is in the frame
#include "corpus.h"
static timer_t timer;
static volatile sig_atomic_t ticks;
static void handler(int sig) {
    int saved = errno;
    struct itimerspec next;
    memset(&next, 0, sizeof next);
    next.it_value.tv_sec = 1;
    ticks += 1 + timer_getoverrun(timer);
    timer_settime(timer, 0, &next, NULL);
    errno = saved;
}
int main(void) {
    INSTALL(SIGALRM, handler);
    struct sigevent ev; memset(&ev, 0, sizeof ev); ev.sigev_notify = SIGEV_SIGNAL; ev.sigev_signo = SIGALRM;
    if (timer_create(CLOCK_MONOTONIC, &ev, &timer)) return 1;
    handler(0);
    for (;;) { pause(); printf("%d\n", (int)ticks); }
}
