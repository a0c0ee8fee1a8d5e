// expect: undecided
// The pointer is set before the handler is installed on one of two ways only.
#include <signal.h>
#include <unistd.h>
struct latch { volatile sig_atomic_t is_set; int owner; };
static struct latch own;
struct latch *latch;
static void on_hangup(int s) { (void)s; latch->is_set = 1; }
int main(int argc, char **argv) {
    (void)argv;
    if (argc > 1) latch = &own;
    signal(SIGHUP, on_hangup);
    for (;;) pause();
}
