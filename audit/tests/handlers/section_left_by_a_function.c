// expect: undecided
// A function within the critical section unblocks the signal at its end.
#include "corpus.h"
static volatile long total; static volatile long parts;
static void lock(void) { sigset_t m; sigemptyset(&m); sigaddset(&m, SIGUSR1); sigprocmask(SIG_BLOCK, &m, 0); }
static void unlock(void) { sigset_t m; sigemptyset(&m); sigaddset(&m, SIGUSR1); sigprocmask(SIG_UNBLOCK, &m, 0); }
static NOINLINE void part(void) { lock(); parts = parts * 3; unlock(); }
static void on(int s) { (void)s; total = total + 1; parts = parts + 1; }
int main(void) {
    INSTALL(SIGUSR1, on);
    for (;;) {
        lock();
        part();
        total = total * 3;
        unlock();
    }
}
