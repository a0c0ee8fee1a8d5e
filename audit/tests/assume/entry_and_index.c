// assume: valid:room
// expect: undecided
#include "program.h"
int *room;
volatile unsigned head;
static void on(int s) { room[head & 7] = s; head++; }
int main(int argc, char **argv)
{
    (void)argv;
    room = malloc(argc * sizeof *room);
    INSTALL(on);
    for (;;)
        pause();
}
