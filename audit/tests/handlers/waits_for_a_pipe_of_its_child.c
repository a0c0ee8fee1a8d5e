// expect: open
// The handler reads from a pipe into which a child of the program writes.
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <fcntl.h>
#include <poll.h>

static int ends[2];
static volatile sig_atomic_t has_token;

static void handler(int sig)
{
    int saved = errno;
    char byte;
    (void)sig;
    if (read(ends[0], &byte, 1) == 1)
        has_token = 1;
    errno = saved;
}

int main(void)
{
    if (pipe(ends))
        return 1;
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGUSR1, &action, 0);
    if (fork() == 0)
        for (;;)
            if (write(ends[1], "t", 1) != 1)
                _exit(1);
    for (;;)
        pause();
}
