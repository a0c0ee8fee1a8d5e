// expect: undecided
// The program changes two words by a function that another one passes their address on to.
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct range {
    volatile long low, high;
};
static struct range range;
static volatile sig_atomic_t is_wrong;

static void handler(int sig)
{
    (void)sig;
    if (range.low > range.high)
        is_wrong = 1;
}

__attribute__((noinline)) static void set(struct range *to, long low)
{
    to->low = low;
    to->high = low + 9;
}

__attribute__((noinline)) static void pass_on(struct range *to, long low)
{
    set(to, low);
    pause();
}

int main(int count, char **names)
{
    (void)names;
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGUSR1, &action, 0);
    for (;;)
        pass_on(&range, count++);
}
