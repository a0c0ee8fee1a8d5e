// assume: valid:room
// expect: undecided
#include "program.h"
int *room;
volatile int last;
static void on(int s) { (void)s; room[last] = 1; }
int main(int argc, char **argv)
{
    (void)argv;
    room = malloc(argc * sizeof *room);
    INSTALL(on);
    for (;;) {
        pause();
        last++;
    }
}
