// assume: valid:room
// expect: pass
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
unsigned char *room;
static void on(int s) { room[s] = 1; }
int main(int argc, char **argv)
{
    struct sigaction a;
    (void)argv;
    memset(&a, 0, sizeof a);
    a.sa_handler = on;
    a.sa_flags = 0;
    room = malloc(argc * 128);
    sigaction(SIGUSR1, &a, 0);
    sigaction(SIGUSR2, &a, 0);
    for (;;) {
        pause();

    }
}
