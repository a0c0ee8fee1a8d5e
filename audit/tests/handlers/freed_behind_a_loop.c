// expect: fail
// The program frees the path that it has stored for the handler, and a loop lies in between.
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *volatile path;
volatile sig_atomic_t rounds;

static void quit(int s)
{
    (void)s;
    if (path)
        unlink(path);
    _exit(1);
}

int main(int argc, char **argv)
{
    signal(SIGINT, quit);
    char *name = strdup(argv[argc - 1]);
    if (!name)
        return 1;
    path = name;
    while (rounds < 10) {
        rounds = rounds + 1;
        pause();
    }
    free(name);
    path = NULL;
    pause();
    return 0;
}
