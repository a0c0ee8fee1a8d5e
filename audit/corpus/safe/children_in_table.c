// truth: safe: the status of each child goes to an atomic of its own
#include "corpus.h"
static _Atomic int status_of[64];
static _Atomic unsigned ended;
static void handler(int s) {
    int saved = errno, status;
    pid_t pid;
    (void)s;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) { status_of[(unsigned)pid % 64] = status; ended++; }
    errno = saved;
}
int main(void) { struct sigaction sa; memset(&sa, 0, sizeof sa); sa.sa_handler = handler; sa.sa_flags = SA_RESTART | SA_NOCLDSTOP; sigaction(SIGCHLD, &sa, 0); for (;;) pause(); }
