// expect: fail
// What raises the signal is ready for its handler, so another may come while the program changes what the handler adds to.
#include <signal.h>

static volatile unsigned long average;

static void handler(int sig)
{
    (void)sig;
    average += 2048;
}

int main(void)
{
    signal(SIGALRM, handler);
    raise(SIGALRM);
    average = (average * 7 + 4) % 1000;
    return 0;
}
