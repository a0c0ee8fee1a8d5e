// assume: valid:name
// expect: undecided
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
char *name;
volatile size_t count = 3;
static void on(int s) { char copy[64]; int saved = errno; (void)s; if (memccpy(copy, name, 2, count)) write(2, "\n", 1); errno = saved; }
int main(int argc, char **argv)
{
    struct sigaction a;
    memset(&a, 0, sizeof a);
    a.sa_handler = on;
    name = malloc(argc * 64);
    if (argc > 2)
        name[0] = argv[1][0];
    sigaction(SIGUSR1, &a, 0);
    for (;;)
        pause();
}
