// assume: valid:latch
// expect: pass
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
struct latch { int is_set; int maybe; int owner; };
struct latch *latch;
static void on(int s) { (void)s; if (latch->is_set) return; latch->is_set = 1; if (latch->maybe) alarm(latch->owner); }
int main(int argc, char **argv)
{
    struct sigaction a;
    (void)argv;
    memset(&a, 0, sizeof a);
    a.sa_handler = on;
    a.sa_flags = 0;
    latch = malloc(argc * sizeof *latch);
    sigaction(SIGUSR1, &a, 0);
    sigaction(SIGUSR2, &a, 0);
    for (;;) {
        pause();

    }
}
