// expect: undecided
// Sets a latch through a pointer that a function is given the address of, to store what it has allocated and frees.
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
struct latch { volatile sig_atomic_t is_set; int owner; };
static struct latch own;
static struct latch *latch;
static void on_hangup(int s) { (void)s; latch->is_set = 1; }
static __attribute__((noinline)) void replace(struct latch **of) { struct latch *old = *of; *of = malloc(sizeof **of); if (old != &own) free(old); }
int main(void) {
    latch = &own;
    signal(SIGHUP, on_hangup);
    for (;;) { pause(); replace(&latch); }
}
