// expect: pass
// The same with the signal blocked, and what is read from a file before the handler is installed.
#include <signal.h>
#include <time.h>
#include <unistd.h>

static struct timespec deadline;
static struct { long first, second; } options;
static volatile long left;

static void handler(int sig)
{
    (void)sig;
    left = deadline.tv_sec * options.first + deadline.tv_nsec / 1000000 + options.second;
}

int main(void)
{
    struct sigaction action = {.sa_handler = handler};
    sigset_t own, before;
    if (read(0, &options, sizeof options) < 0)
        return 1;
    sigaction(SIGUSR1, &action, 0);
    sigemptyset(&own);
    sigaddset(&own, SIGUSR1);
    for (;;) {
        sigprocmask(SIG_BLOCK, &own, &before);
        clock_gettime(CLOCK_MONOTONIC, &deadline);
        sigprocmask(SIG_SETMASK, &before, 0);
        pause();
    }
}
