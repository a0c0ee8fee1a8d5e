// expect: open
// Notes signals in an array up to its end, at a volatile index that is asked for and then loaded again.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
#define MOST 32
static volatile sig_atomic_t seen[MOST];
static volatile sig_atomic_t count;
static void handler(int s) { if (count < MOST) seen[count++] = s; }
int main(void) {
    sigset_t set, old;
    signal(SIGUSR1, handler);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    for (;;) {
        sleep(1);
        sigprocmask(SIG_BLOCK, &set, &old);
        for (int i = 0; i < count; i++) printf("%d\n", (int)seen[i]);
        count = 0;
        sigprocmask(SIG_SETMASK, &old, 0);
    }
}
