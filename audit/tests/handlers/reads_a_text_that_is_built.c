// expect: undecided
// The handler writes a text that the program builds in place, without blocking the signal.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char status[128];

static void handler(int sig)
{
    int saved = errno;
    (void)sig;
    write(2, status, strlen(status));
    errno = saved;
}

int main(void)
{
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGUSR1, &action, 0);
    for (int n = 0;; n++) {
        snprintf(status, sizeof status, "%d of %d requests\n", n, n + 1);
        pause();
    }
}
