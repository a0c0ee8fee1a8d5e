// expect: undecided
// Sets a latch through a pointer, which at times is one of the heap that is freed later.
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
struct latch { volatile sig_atomic_t is_set; int owner; };
static struct latch own;
struct latch *latch;
static void on_hangup(int s) { (void)s; latch->is_set = 1; }
int main(int argc, char **argv) {
    (void)argv;
    latch = &own;
    signal(SIGHUP, on_hangup);
    for (;;) {
        struct latch *next = &own;
        if (argc > 1) next = malloc(sizeof *next);
        latch = next;
        pause();
        if (next != &own) free(next);
    }
}
