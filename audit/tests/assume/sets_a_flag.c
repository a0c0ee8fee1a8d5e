// assume: valid:latch
// expect: pass
#include "program.h"
struct latch { int is_set; int maybe; int owner; };
struct latch *latch;
static void on(int s) { (void)s; if (latch->is_set) return; latch->is_set = 1; if (latch->maybe) alarm(latch->owner); }
int main(int argc, char **argv)
{
    (void)argv;
    latch = malloc(argc * sizeof *latch);
    INSTALL(on);
    for (;;)
        pause();
}
