// expect: undecided
// Notes signals at an index that the program sets to -1: the first one lies before the array.
#include <signal.h>
#include <stdio.h>
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
        count = -1;
        sigprocmask(SIG_SETMASK, &old, 0);
    }
}
