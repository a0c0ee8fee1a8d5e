// assume: valid:left valid:right
// expect: undecided
#include "program.h"
int *left, *right;
static void on(int s) { *left = s; *right = 2 * s; }
int main(int argc, char **argv)
{
    (void)argv;
    left = malloc(argc * sizeof *left);
    right = left + 1;
    INSTALL(on);
    for (;;)
        pause();
}
