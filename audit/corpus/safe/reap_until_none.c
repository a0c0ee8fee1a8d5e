// truth: safe: waitpid until it returns neither a child nor an error, the way of cron
#include "corpus.h"
static void handler(int s) {
    int saved = errno, status;
    pid_t pid;
    (void)s;
    do pid = waitpid(-1, &status, WNOHANG); while (pid != 0 && pid != -1);
    errno = saved;
}
int main(void) { signal(SIGCHLD, handler); for (;;) pause(); }
