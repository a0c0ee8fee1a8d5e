// assume: valid:count
// expect: undecided
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int *count;
static void on(int s) { *count = *count * s + 1; }
int main(int argc, char **argv)
{
    struct sigaction a;
    (void)argv;
    memset(&a, 0, sizeof a);
    a.sa_handler = on;
    a.sa_flags = SA_NODEFER;
    count = malloc(argc * sizeof *count);
    sigaction(SIGUSR1, &a, 0);
    sigaction(SIGUSR2, &a, 0);
    for (;;) {
        pause();

    }
}
