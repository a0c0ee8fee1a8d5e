// expect: pass
// SIGALRM stores seconds and nanoseconds, two variables, of which the program makes one number while it blocks the signal.
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
        sigset_t set, old;
        sigemptyset(&set);
        sigaddset(&set, SIGALRM);
        sigprocmask(SIG_BLOCK, &set, &old);
        long long both = seconds * 1000000000LL + nanoseconds;
        sigprocmask(SIG_SETMASK, &old, NULL);
        printf("%lld\n", both);
    }
}
