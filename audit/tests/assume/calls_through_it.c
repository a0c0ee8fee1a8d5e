// assume: valid:latch
// expect: undecided
#include "program.h"
struct latch { void (*call)(int); } *latch;
static void on(int s) { latch->call(s); }
int main(int argc, char **argv)
{
    (void)argv;
    latch = malloc(argc * sizeof *latch);
    INSTALL(on);
    for (;;)
        pause();
}
