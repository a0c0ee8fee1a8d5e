// expect: undecided
// A function frees the path that its caller has stored for the handler.
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *volatile path;

static void quit(int s)
{
    (void)s;
    if (path)
        unlink(path);
    _exit(1);
}

__attribute__((noinline)) static void release(char *name) { free(name); }

int main(int argc, char **argv)
{
    signal(SIGINT, quit);
    char *name = strdup(argv[argc - 1]);
    if (!name)
        return 1;
    path = name;
    pause();
    release(name);
    path = NULL;
    pause();
    return 0;
}
