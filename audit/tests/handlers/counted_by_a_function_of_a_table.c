// expect: fail
// The program lowers the word, in several instructions, in a function that it calls through a pointer, or in another thread.
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

static volatile long pending;

static void handler(int sig)
{
    pending = pending + sig;
}

static void *work(void *argument)
{
    for (;;) {
        if (pending > 0)
            pending = pending * 3 / 4;
        pause();
    }
    return argument;
}

int main(void)
{
    pthread_t thread;
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGUSR1, &action, 0);
    pthread_create(&thread, 0, work, 0);
    for (;;)
        pause();
}
