// expect: open
// The program reads the pair while the signal is blocked, and a check of it calls abort, which compilers put elsewhere.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
static struct { int first, second; } pair;
static void handler(int s) { pair.first = s; pair.second = s + 1; }
int main(void) {
    struct sigaction action = {.sa_handler = handler};
    sigset_t set, old;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaction(SIGUSR1, &action, 0);
    for (;;) {
        pause();
        sigprocmask(SIG_BLOCK, &set, &old);
        int first = pair.first, second = pair.second;
        sigprocmask(SIG_SETMASK, &old, 0);
        if (first && second - first != 1) abort();
        printf("%d\n", first);
    }
}
