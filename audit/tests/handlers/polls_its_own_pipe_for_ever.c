// expect: fail
// The handler polls a pipe of the program without a time limit.
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
    struct pollfd what = {ends[0], POLLIN, 0};
    (void)sig;
    if (poll(&what, 1, -1) == 1)
        has_token = 1;
    errno = saved;
}

int main(void)
{
    if (pipe(ends))
        return 1;
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGUSR1, &action, 0);
    for (;;) {
        pause();
        if (write(ends[1], "t", 1) != 1)
            return 1;
    }
}
