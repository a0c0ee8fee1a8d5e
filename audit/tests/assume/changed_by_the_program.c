// assume: valid:latch
// expect: undecided
#include "program.h"
struct latch { int is_set; int maybe; int owner; };
struct latch *latch;
static void on(int s) { latch->owner = s; }
int main(int argc, char **argv)
{
    (void)argv;
    latch = malloc(argc * sizeof *latch);
    INSTALL(on);
    for (;;) {
        pause();
        latch->owner = latch->owner * 3 + 1;
    }
}
