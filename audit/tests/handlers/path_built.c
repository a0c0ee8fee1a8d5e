// expect: undecided
// The program puts a path together in place, which the handler may use when half of it is there.
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[64];

static void handler(int sig)
{
    int saved = errno;
    (void)sig;
    unlink(path);
    errno = saved;
}

int main(int count, char **names)
{
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGUSR1, &action, 0);
    for (int n = 0; n < count; n++) {
        pause();
        strcpy(path, "/run/");
        strncat(path, names[n], 50);
    }
}
