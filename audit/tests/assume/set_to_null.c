// assume: valid:latch
// expect: fail
#include "program.h"
struct latch { int is_set; int maybe; int owner; };
struct latch *latch;
static void on(int s) { (void)s; latch->is_set = 1; }
int main(int argc, char **argv)
{
    (void)argv;
    latch = malloc(argc * sizeof *latch);
    INSTALL(on);
    for (;;) {
        pause();
        latch = 0;
    }
}
