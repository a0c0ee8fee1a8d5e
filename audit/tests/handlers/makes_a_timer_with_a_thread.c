// expect: fail
// For a timer that is to call a function, the C library allocates and makes a thread.
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static timer_t timer;

static void expired(union sigval value)
{
    (void)value;
    _exit(9);
}

static void handler(int sig)
{
    int saved = errno;
    struct sigevent event;
    (void)sig;
    memset(&event, 0, sizeof event);
    event.sigev_notify = SIGEV_THREAD;
    event.sigev_notify_function = expired;
    timer_create(CLOCK_MONOTONIC, &event, &timer);
    errno = saved;
}

int main(void)
{
    signal(SIGUSR1, handler);
    for (;;)
        pause();
}
