// expect: open
// Sets a latch of the program through a pointer, which is given the latch's address before the handler is installed.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
struct latch { volatile sig_atomic_t is_set, may_sleep; int owner; };
static struct latch own;
struct latch *latch;
static volatile sig_atomic_t hangup;
static void on_hangup(int s) {
    int saved = errno;
    (void)s;
    hangup = 1;
    if (!latch->is_set) {
        latch->is_set = 1;
        if (latch->may_sleep && latch->owner != 0) kill(latch->owner, SIGURG);
    }
    errno = saved;
}
int main(void) {
    latch = &own;
    latch->owner = getpid();
    signal(SIGHUP, on_hangup);
    for (;;) {
        latch->may_sleep = 1;
        if (!latch->is_set) pause();
        latch->is_set = 0;
        if (hangup) { hangup = 0; puts("reload"); }
    }
}
