// assume: valid:kept
// expect: undecided
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int **kept;
static void on(int s) { volatile int here = s; *kept = (int *)&here; }
int main(int argc, char **argv)
{
    struct sigaction a;
    (void)argv;
    memset(&a, 0, sizeof a);
    a.sa_handler = on;
    a.sa_flags = 0;
    kept = malloc(argc * sizeof *kept);
    sigaction(SIGUSR1, &a, 0);
    sigaction(SIGUSR2, &a, 0);
    for (;;) {
        pause();

    }
}
