// expect: undecided
// The program has a function of the C library store two words that belong together.
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <stdio.h>

static struct {
    int low, high;
} range = {0, 9};
static volatile sig_atomic_t is_wrong;

static void handler(int sig)
{
    (void)sig;
    if (range.low > range.high)
        is_wrong = 1;
}

int main(int count, char **texts)
{
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGUSR1, &action, 0);
    for (int n = 0; n < count; n++) {
        pause();
        sscanf(texts[n], "%d-%d", &range.low, &range.high);
    }
}
