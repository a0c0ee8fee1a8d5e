// expect: fail
// The program frees the path that it has stored for the handler on an error, in code that compilers put behind the usual end.
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

int main(int argc, char **argv)
{
    signal(SIGINT, quit);
    char *name = strdup(argv[argc - 1]);
    if (!name)
        return 1;
    path = name;
    if (__builtin_expect(chdir(name) == 0, 0)) {
        free(name);
        pause();
        return 2;
    }
    path = NULL;
    free(name);
    pause();
    return 0;
}
