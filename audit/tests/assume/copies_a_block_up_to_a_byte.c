// assume: valid:text valid:from
// expect: undecided
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
char *text, *from;
static void on(int s) { int saved = errno; (void)s; memccpy(text, from, 0, 32); errno = saved; }
int main(int argc, char **argv)
{
    struct sigaction a;
    memset(&a, 0, sizeof a);
    a.sa_handler = on;
    text = malloc(argc * sizeof(struct timespec));
    from = argv[0];
    sigaction(SIGUSR1, &a, 0);
    for (;;)
        pause();
}
