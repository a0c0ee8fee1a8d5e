// assume: valid:latch
// expect: undecided
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
struct latch { void (*call)(int); } *latch;
static void on(int s) { latch->call(s); }
int main(int argc, char **argv)
{
    struct sigaction a;
    (void)argv;
    memset(&a, 0, sizeof a);
    a.sa_handler = on;
    a.sa_flags = 0;
    latch = malloc(argc * sizeof *latch);
    sigaction(SIGUSR1, &a, 0);
    sigaction(SIGUSR2, &a, 0);
    for (;;) {
        pause();

    }
}
