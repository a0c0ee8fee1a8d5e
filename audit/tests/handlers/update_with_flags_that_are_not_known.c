// expect: undecided
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static volatile int count;
static void on(int s) { count = count * s + 1; }
int main(int argc, char **argv)
{
    struct sigaction a;
    memset(&a, 0, sizeof a);
    a.sa_handler = on;
    a.sa_flags = atoi(argv[argc - 1]);
    sigaction(SIGUSR1, &a, 0);
    for (;;) pause();
}
