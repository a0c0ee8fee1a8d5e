// truth: unsafe: errno is put back at the end, but not where the read of the pipe finds nothing and the handler returns early
#include "corpus.h"
static int ends[2];
static volatile sig_atomic_t got;
static void handler(int sig)
{
    int saved = errno;
    char byte;
    (void)sig;
    if (read(ends[0], &byte, 1) != 1)
        return;
    got = byte;
    errno = saved;
}
int main(void)
{
    pipe2(ends, O_NONBLOCK);
    INSTALL(SIGIO, handler);
    for (;;)
        pause();
}
