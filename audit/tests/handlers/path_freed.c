// expect: fail
// The handler removes a file by a path that the program frees before it has another.
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
        char *old = path;
        free(old);
        path = strdup(names[n]);
    }
}
