// expect: pass
// The program gives the two words to functions that only read them.
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

int main(void)
{
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGUSR1, &action, 0);
    for (;;) {
        pause();
        fwrite(&range, sizeof range, 1, stdout);
    }
}
