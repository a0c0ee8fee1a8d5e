// expect: pass
// The path is whole before the handler is installed.
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
    strcpy(path, "/run/");
    strncat(path, names[count - 1], 50);
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGUSR1, &action, 0);
    for (;;)
        pause();
}
