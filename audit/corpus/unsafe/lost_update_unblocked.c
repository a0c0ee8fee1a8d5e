// truth: unsafe: the program unblocks the signal at its start, and a signal is lost while it counts down
// expect: fail
#include "corpus.h"
static volatile int waiting;
static void handler(int sig) { waiting++; }
int main(void) {
    sigset_t own;
    sigemptyset(&own); sigaddset(&own, SIGUSR1); pthread_sigmask(SIG_UNBLOCK, &own, NULL);
    INSTALL(SIGUSR1, handler);
    for (;;) { pause(); while (waiting > 0) { puts("one"); waiting = (waiting - 1) % 7; } }
}
