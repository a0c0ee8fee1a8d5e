// truth: unsafe: the program blocks another signal, and a signal of the handler is lost while it counts down
// expect: fail
#include "corpus.h"
static volatile int waiting;
static void handler(int sig) { waiting++; }
int main(void) {
    sigset_t pipe;
    sigemptyset(&pipe); sigaddset(&pipe, SIGPIPE); sigprocmask(SIG_BLOCK, &pipe, NULL);
    INSTALL(SIGUSR1, handler);
    for (;;) { pause(); while (waiting > 0) { puts("one"); waiting = (waiting - 1) % 7; } }
}
