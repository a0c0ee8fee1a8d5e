// expect: pass
// Two loops, each with a retry, whose counters may lie in one register: each loop begins with one value.
#include <errno.h>
#include <signal.h>
#include <unistd.h>

static struct { int sig, to; long unused; } first[4], second[4];

static void handler(int sig)
{
    int saved = errno;
    char byte = 0;
    long n;
    for (int at = 0; at < 4; at++) {
        if (first[at].sig != sig)
            continue;
        do
            n = write(first[at].to, &byte, 1);
        while (n < 0 && errno == EINTR);
    }
    for (int at = 0; at < 4; at++) {
        if (second[at].sig != sig)
            continue;
        do
            n = write(second[at].to, &byte, 1);
        while (n < 0 && errno == EINTR);
    }
    errno = saved;
}

int main(int count, char **names)
{
    struct sigaction action = {.sa_handler = handler};
    for (int at = 0; at < 4; at++) {
        first[at].sig = second[at].sig = count;
        first[at].to = count > 1 ? 1 : 2;
        second[at].to = names[0] ? 2 : 1;
    }
    sigaction(SIGUSR1, &action, 0);
    for (;;)
        pause();
}
