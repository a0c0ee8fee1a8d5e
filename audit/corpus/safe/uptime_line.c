// truth: safe: seconds since the start by clock_gettime are formatted into a fixed array of the frame, right to left, and written
#include "corpus.h"
static struct timespec began;
static void handler(int sig)
{
    int saved = errno;
    struct timespec now;
    char line[24];
    char *at = line + sizeof line;
    (void)sig;
    clock_gettime(CLOCK_MONOTONIC, &now);
    unsigned seconds = (unsigned)(now.tv_sec - began.tv_sec);
    *--at = '\n';
    do {
        *--at = '0' + seconds % 10;
        seconds /= 10;
    } while (seconds);
    write(2, at, line + sizeof line - at);
    errno = saved;
}
int main(void)
{
    clock_gettime(CLOCK_MONOTONIC, &began);
    INSTALL(SIGUSR1, handler);
    for (;;)
        pause();
}
