// truth: unsafe: stores the child that ended last in each round and its status after the last one; the program reads both with SIGCHLD open
#include "corpus.h"
static struct { volatile pid_t pid; volatile int status; } last;
static void on_child(int s) {
    int saved = errno, status = 0, of_last = 0;
    pid_t pid;
    (void)s;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) { last.pid = pid; of_last = status; }
    last.status = of_last;
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
