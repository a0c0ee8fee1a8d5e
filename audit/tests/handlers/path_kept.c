// expect: pass
// The same path, which the program replaces and does not free.
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *volatile path;

static void handler(int sig)
{
    int saved = errno;
    char *text = path;
    (void)sig;
    if (text)
        unlink(text);
    errno = saved;
}

int main(int count, char **names)
{
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGUSR1, &action, 0);
    for (int n = 0; n < count; n++) {
        pause();
        path = strdup(names[n]);
    }
}
