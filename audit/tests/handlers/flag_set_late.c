// expect: pass
// The program sets a flag after it has stored what the flag announces.
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t is_set;
static volatile long limit;
static volatile long seen;

static void handler(int sig)
{
    (void)sig;
    if (is_set)
        seen = limit;
}

int main(int count, char **names)
{
    (void)names;
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGUSR1, &action, 0);
    limit = count;
    is_set = 1;
    for (;;)
        pause();
}
