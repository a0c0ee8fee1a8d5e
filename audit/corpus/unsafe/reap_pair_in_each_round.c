// truth: unsafe: each round stores a child and its status, which the program reads with SIGCHLD open
#include "corpus.h"
static struct { volatile pid_t pid; volatile int status; } last;
static void on_child(int s) {
    int saved = errno, status;
    pid_t pid;
    (void)s;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) { last.pid = pid; last.status = status; }
    errno = saved;
}
int main(int argc, char **argv) {
    INSTALL(SIGCHLD, on_child);
    for (;;) {
        if (fork() == 0) { if (argc > 1) execvp(argv[1], argv + 1); _exit(127); }
        pause();
        printf("%d ended with %d\n", (int)last.pid, last.status);
    }
}
