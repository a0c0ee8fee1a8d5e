// expect: fail
// A time of two words that the program has the C library store, twice in a row, without blocking the signal.
#include <signal.h>
#include <time.h>
#include <unistd.h>

static struct timespec deadline;
static volatile long left;

static void handler(int sig)
{
    (void)sig;
    left = deadline.tv_sec * 1000 + deadline.tv_nsec / 1000000;
}

int main(void)
{
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGUSR1, &action, 0);
    clock_gettime(CLOCK_MONOTONIC, &deadline);
    clock_gettime(CLOCK_MONOTONIC, &deadline);
    pause();
    return 0;
}
