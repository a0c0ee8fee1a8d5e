// assume: valid:kept
// expect: undecided
#include "program.h"
int **kept;
static void on(int s) { volatile int here = s; *kept = (int *)&here; }
int main(int argc, char **argv)
{
    (void)argv;
    kept = malloc(argc * sizeof *kept);
    INSTALL(on);
    for (;;)
        pause();
}
