// expect: pass
// Each word of the array is stored by an exchange, which is atomic wherever the word lies.
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

static _Atomic unsigned long samples[1024];
static volatile unsigned count;

static void handler(int sig)
{
    unsigned n = count;
    (void)sig;
    if (n < 1024)
        samples[n] = getpid();
}

int main(void)
{
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGPROF, &action, 0);
    for (;;)
        if (pause() && count < 1024)
            count++;
}
