// truth: safe: the handler of SIGCHLD waits for one known child and keeps its status; main reads it after the flag
#include "corpus.h"
static volatile sig_atomic_t child_pid, child_status, child_done;
static void on_chld(int sig) {
    int st, e = errno; pid_t p = (pid_t)child_pid; (void)sig;
    if (p > 0 && !child_done && waitpid(p, &st, WNOHANG) == p) { child_status = st; child_done = 1; }
    errno = e;
}
int main(int argc, char **argv) {
    sigset_t m, old; if (argc < 2) return 2;
    struct sigaction sa; memset(&sa, 0, sizeof sa); sa.sa_handler = on_chld; sa.sa_flags = SA_NOCLDSTOP; sigaction(SIGCHLD, &sa, 0);
    sigemptyset(&m); sigaddset(&m, SIGCHLD); sigprocmask(SIG_BLOCK, &m, &old);
    pid_t p = fork();
    if (p == 0) { sigprocmask(SIG_SETMASK, &old, 0); execvp(argv[1], argv + 1); _exit(127); }
    child_pid = p;
    while (!child_done) sigsuspend(&old);
    return WEXITSTATUS(child_status);
}
