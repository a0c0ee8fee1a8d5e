// assume: valid:room
// expect: pass
#include "program.h"
unsigned char *room;
static void on(int s) { room[s] = 1; }
int main(int argc, char **argv)
{
    (void)argv;
    room = malloc(argc * 128);
    INSTALL(on);
    for (;;)
        pause();
}
