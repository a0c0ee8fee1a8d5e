// truth: unsafe: the SIGCHLD handler starts the child again with a changed environment: setenv allocates and takes a lock
#include "corpus.h"
static void handler(int sig)
{
    int saved = errno, status;
    (void)sig;
    while (waitpid(-1, &status, WNOHANG) > 0) {
        setenv("RESTARTED", "1", 1);
        if (fork() == 0) {
            execl("/bin/true", "true", (char *)0);
            _exit(127);
        }
    }
    errno = saved;
}
int main(void) { INSTALL(SIGCHLD, handler); for (;;) pause(); }
