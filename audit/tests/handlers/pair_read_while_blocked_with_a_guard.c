// expect: open
// The program keeps the pair's address in a register, and a guard of the frame calls a function that does not return.
#include "corpus.h"
static struct { long seconds, nanoseconds; } when;
static void handler(int s) {
    struct timespec now;
    int saved = errno;
    (void)s;
    clock_gettime(CLOCK_MONOTONIC, &now);
    when.seconds = now.tv_sec;
    when.nanoseconds = now.tv_nsec;
    errno = saved;
}
int main(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    sigemptyset(&action.sa_mask);
    sigaction(SIGUSR1, &action, NULL);
    for (;;) {
        sigset_t set, old;
        sigemptyset(&set);
        sigaddset(&set, SIGUSR1);
        sigprocmask(SIG_BLOCK, &set, &old);
        long seconds = when.seconds, nanoseconds = when.nanoseconds;
        sigprocmask(SIG_SETMASK, &old, NULL);
        if (seconds * 1000000000 + nanoseconds < 0)
            return 1;
        sleep(1);
    }
}
