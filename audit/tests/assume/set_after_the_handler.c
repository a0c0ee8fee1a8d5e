// assume: valid:late
// expect: fail
#include "program.h"
static int *late;
static void on(int s) { *late = s; }
int main(int argc, char **argv)
{
    (void)argv;

    INSTALL(on);
    late = malloc(argc);
    for (;;)
        pause();
}
