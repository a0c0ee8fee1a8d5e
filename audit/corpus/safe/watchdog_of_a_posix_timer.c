// truth: safe: a watchdog re-arms its timer until it was fed too seldom, then tells so and ends
#include "corpus.h"
static timer_t dog;
static volatile sig_atomic_t fed, missed;
static const struct itimerspec period = {{0, 0}, {1, 0}};
static void on_timer(int sig, siginfo_t *si, void *u) {
    static const char msg[] = "watchdog: no progress\n";
    int e = errno; (void)sig; (void)si; (void)u;
    if (fed) { fed = 0; missed = 0; }
    else if (++missed >= 5) { write(2, msg, sizeof msg - 1); _exit(99); }
    timer_settime(dog, 0, &period, NULL);
    errno = e;
}
int main(void) {
    struct sigevent ev; struct sigaction sa;
    memset(&sa, 0, sizeof sa); sa.sa_sigaction = on_timer; sa.sa_flags = SA_SIGINFO | SA_RESTART;
    sigaction(SIGRTMIN, &sa, 0);
    memset(&ev, 0, sizeof ev); ev.sigev_notify = SIGEV_SIGNAL; ev.sigev_signo = SIGRTMIN;
    if (timer_create(CLOCK_MONOTONIC, &ev, &dog) < 0) return 1;
    timer_settime(dog, 0, &period, NULL);
    for (;;) { usleep(200000); fed = 1; }
}
