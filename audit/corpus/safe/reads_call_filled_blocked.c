// truth: safe: the handler reads a time that clock_gettime fills while the signal is blocked, and a text that was built before
#include "corpus.h"
static struct timespec deadline;
static volatile long left;
static char name[32];
static void handler(int sig)
{
    int saved = errno;
    (void)sig;
    left = deadline.tv_sec * 1000 + deadline.tv_nsec / 1000000;
    write(2, name, sizeof name);
    errno = saved;
}
int main(int argc, char **argv)
{
    sigset_t own, before;
    snprintf(name, sizeof name, "%s of %d\n", argv[0], argc);
    INSTALL(SIGUSR1, handler);
    sigemptyset(&own);
    sigaddset(&own, SIGUSR1);
    for (;;) {
        sigprocmask(SIG_BLOCK, &own, &before);
        clock_gettime(CLOCK_MONOTONIC, &deadline);
        sigprocmask(SIG_SETMASK, &before, 0);
        pause();
    }
}
