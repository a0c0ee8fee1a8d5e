// expect: pass
// The program frees the path on the way on which it does not store it for the handler.
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

__attribute__((noinline)) static int publish(const char *given, int is_wanted)
{
    char *name = strdup(given);

    if (!name)
        return 1;
    if (is_wanted) {
        path = name;
        return 0;
    }
    free(name);
    return 1;
}

int main(int argc, char **argv)
{
    signal(SIGINT, quit);
    if (publish(argv[0], argc > 1))
        return 1;
    for (;;)
        pause();
}
