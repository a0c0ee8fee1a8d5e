// assume: valid:late
// expect: fail
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static int *late;
static void on(int s) { *late = s; }
int main(int argc, char **argv)
{
    struct sigaction a;
    (void)argv;
    memset(&a, 0, sizeof a);
    a.sa_handler = on;
    a.sa_flags = 0;

    sigaction(SIGUSR1, &a, 0);
    sigaction(SIGUSR2, &a, 0);
    late = malloc(argc);
    for (;;)
        pause();
}
