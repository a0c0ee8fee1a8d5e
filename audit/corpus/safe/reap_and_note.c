// truth: safe: reaps with waitpid, retries on EINTR, notes the status of one child
#include "corpus.h"
static volatile sig_atomic_t status_of_worker, worker_ended; static volatile pid_t worker;
static void handler(int s) {
    int keep = errno, status; pid_t pid; (void)s;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0 || (pid == -1 && errno == EINTR))
        if (pid > 0 && pid == worker) { status_of_worker = status; worker_ended = 1; }
    errno = keep;
}
int main(void) { INSTALL(SIGCHLD, handler); for (;;) pause(); }
