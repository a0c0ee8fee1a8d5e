// truth: safe: children are reaped until none has ended, or an error other than EINTR comes
#include "corpus.h"
static _Atomic unsigned reaped;
static void handler(int s) {
    int saved = errno;
    (void)s;
    for (;;) {
        int status;
        pid_t child = waitpid(-1, &status, WNOHANG);
        if (child == 0) break;
        if (child < 0) { if (errno == EINTR) continue; break; }
        reaped++;
    }
    errno = saved;
}
int main(void) { INSTALL(SIGCHLD, handler); for (;;) pause(); }
