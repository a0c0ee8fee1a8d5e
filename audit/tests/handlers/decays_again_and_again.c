// expect: fail
// Anyone may send the signal while the program changes, again and again, what its handler adds to.
#include <signal.h>

static volatile unsigned long average;

static void handler(int sig)
{
    (void)sig;
    average += 2048;
}

int main(void)
{
    signal(SIGUSR1, handler);
    for (int i = 0; i < 1000; i++)
        average = (average * 7 + 4) % 1000;
    return 0;
}
