// expect: fail
// The handler starts a program with an argument that the program frees.
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *volatile name;

static void handler(int sig)
{
    char *arguments[] = {"/bin/true", name, 0};
    char *none[] = {0};
    (void)sig;
    execve("/bin/true", arguments, none);
    _exit(1);
}

int main(int count, char **names)
{
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGUSR1, &action, 0);
    for (int n = 0; n < count; n++) {
        pause();
        char *old = name;
        free(old);
        name = strdup(names[n]);
    }
}
