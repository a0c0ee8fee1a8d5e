// expect: undecided
// SIGALRM stores seconds and nanoseconds, two variables. The program makes one number of them: a signal between its two loads leaves it
// with the seconds of before and the nanoseconds of after.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static volatile long seconds, nanoseconds;

static void on_alarm(int signal)
{
    struct timespec now;
    int saved = errno;
    (void)signal;
    clock_gettime(CLOCK_REALTIME, &now);
    seconds = now.tv_sec;
    nanoseconds = now.tv_nsec;
    alarm(1);
    errno = saved;
}

int main(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_alarm;
    sigaction(SIGALRM, &action, NULL);
    alarm(1);
    for (;;) {
        long long both = seconds * 1000000000LL + nanoseconds;
        printf("%lld\n", both);
    }
}
