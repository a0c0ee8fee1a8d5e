// truth: safe: the program counts down with the handler's signal blocked, by a set that has this signal alone
// expect: pass
#include "corpus.h"
static volatile int waiting;
static void handler(int sig) { waiting++; }
int main(void) {
    sigset_t own;
    INSTALL(SIGUSR1, handler);
    sigemptyset(&own); sigaddset(&own, SIGUSR1);
    for (;;) {
        pause();
        pthread_sigmask(SIG_BLOCK, &own, NULL);
        waiting = waiting / 2;
        pthread_sigmask(SIG_UNBLOCK, &own, NULL);
    }
}
