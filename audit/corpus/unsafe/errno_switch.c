// truth: unsafe: errno is put back in two cases of a switch and not in the third
#include "corpus.h"
static int fd[2];
static volatile sig_atomic_t seen[4];
static void handler(int s) {
    int keep = errno;
    switch (s) {
    case SIGUSR1: write(fd[1], "1", 1); errno = keep; break;
    case SIGUSR2: kill(getppid(), SIGUSR1); errno = keep; seen[1] = 1; break;
    case SIGHUP: if (write(fd[1], "h", 1) != 1) return; errno = keep; break;
    }
}
int main(void) {
    pipe(fd);
    struct sigaction a = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &a, 0); sigaction(SIGUSR2, &a, 0); sigaction(SIGHUP, &a, 0);
    for (;;) pause();
}
