// expect: undecided
// The program has a function free the path, which does so on some ways only.
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

static volatile int keeps;

__attribute__((noinline)) static void release(char *text)
{
    if (!keeps)
        free(text);
}

int main(int count, char **names)
{
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGUSR1, &action, 0);
    for (int n = 0; n < count; n++) {
        pause();
        char *old = path;
        release(old);
        path = strdup(names[n]);
    }
}
