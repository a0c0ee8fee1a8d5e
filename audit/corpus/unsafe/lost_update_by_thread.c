// truth: unsafe: a thread lowers by a quarter what the handler, in another one, counts up: a signal between load and store is lost
#include "corpus.h"
static volatile long pending;
static void handler(int sig) { pending = pending + sig; }
static void *work(void *argument)
{
    for (;;) {
        if (pending > 0)
            pending = pending * 3 / 4;
        usleep(10);
    }
    return argument;
}
int main(void) { pthread_t thread; INSTALL(SIGUSR1, handler); pthread_create(&thread, 0, work, 0); for (;;) pause(); }
