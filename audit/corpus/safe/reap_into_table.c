// truth: safe: stores the status of each child in its entry of a table, which the program looks at with SIGCHLD blocked
#include "corpus.h"
#define MOST 32
static struct { pid_t pid; int status; } children[MOST];
static void on_child(int s) {
    int saved = errno, status;
    pid_t pid;
    (void)s;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (int i = 0; i < MOST; i++)
            if (children[i].pid == pid) { children[i].status = status; break; }
    errno = saved;
}
int main(int argc, char **argv) {
    sigset_t set, old;
    INSTALL(SIGCHLD, on_child);
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, &old);
    for (int i = 0; i < argc && i < MOST; i++) {
        children[i].status = -1;
        if ((children[i].pid = fork()) == 0) { sigprocmask(SIG_SETMASK, &old, 0); execvp(argv[i], argv + i); _exit(127); }
    }
    for (;;) {
        sigsuspend(&old);
        for (int i = 0; i < MOST; i++)
            if (children[i].pid > 0 && children[i].status != -1) { printf("%d: %d\n", (int)children[i].pid, children[i].status); children[i].pid = 0; }
    }
}
