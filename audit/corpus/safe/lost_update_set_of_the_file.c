// truth: safe: the program counts down with the signal blocked, by a set that another function fills once
// expect: pass
#include "corpus.h"
static volatile int waiting;
static sigset_t own, old;
static void handler(int sig) { waiting++; }
__attribute__((noinline)) static void prepare(void) { sigemptyset(&own); sigaddset(&own, SIGUSR1); }
int main(void) {
    prepare();
    INSTALL(SIGUSR1, handler);
    for (;;) { pause(); sigprocmask(SIG_BLOCK, &own, &old); waiting = waiting / 2; sigprocmask(SIG_SETMASK, &old, NULL); }
}
