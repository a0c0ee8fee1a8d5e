// expect: open
// The program has no child yet while it changes what the handler adds to.
#include <signal.h>
#include <unistd.h>

static volatile unsigned long average;

static void handler(int sig)
{
    (void)sig;
    average += 2048;
}

int main(void)
{
    signal(SIGCHLD, handler);
    for (int i = 0; i < 1000; i++)
        average = (average * 7 + 4) % 1000;
    if (fork() == 0)
        _exit(0);
    for (;;)
        pause();
}
