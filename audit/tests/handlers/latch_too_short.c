// expect: undecided
// Stores through a pointer behind the end of the object that it points to, and so to the pointer itself.
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
struct latch { volatile sig_atomic_t is_set; int owner; };
struct { volatile sig_atomic_t is_set; } own;
struct latch *latch;
static volatile long other[16];
static void on_hangup(int s) { (void)s; latch->is_set = 1; latch->owner = 1 << 20; }
int main(void) {
    latch = (struct latch *)&own;
    signal(SIGHUP, on_hangup);
    for (;;) { pause(); printf("%d %d %ld\n", (int)own.is_set, latch == (struct latch *)&own, other[3]); }
}
