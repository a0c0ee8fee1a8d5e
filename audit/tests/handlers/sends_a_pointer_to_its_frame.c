// expect: undecided
// The handler queues another signal with a pointer to its frame, which is gone when that signal is accepted.
#include "corpus.h"
static void handler(int s) {
    int keep = errno; int record[4] = { s, 2, 3, 4 }; union sigval v; v.sival_ptr = record;
    sigqueue(getpid(), SIGUSR2, v); errno = keep;
}
int main(void) {
    sigset_t set; siginfo_t info; sigemptyset(&set); sigaddset(&set, SIGUSR2); sigprocmask(SIG_BLOCK, &set, 0);
    INSTALL(SIGUSR1, handler);
    for (;;) if (sigwaitinfo(&set, &info) == SIGUSR2) printf("%d\n", ((int *)info.si_value.sival_ptr)[0]);
}
