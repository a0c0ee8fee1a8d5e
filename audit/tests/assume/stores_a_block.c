// assume: valid:kept
// expect: undecided
#include "program.h"
struct big { long a[6]; } *kept, from;
static void on(int s) { (void)s; *kept = from; }
int main(int argc, char **argv)
{
    (void)argv;
    kept = malloc(argc * sizeof *kept);
    INSTALL(on);
    for (;;)
        pause();
}
