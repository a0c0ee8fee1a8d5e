// expect: undecided
// The same by a plain store to a word that may lie in two cache lines.
#include <signal.h>
#include <unistd.h>

static struct __attribute__((packed)) { int kind; volatile unsigned long value; } samples[1024];
static volatile unsigned count;

static void handler(int sig)
{
    unsigned n = count;
    (void)sig;
    if (n < 1024)
        samples[n].value = getpid();
}

int main(void)
{
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGPROF, &action, 0);
    for (;;)
        if (pause() && count < 1024)
            count++;
}
