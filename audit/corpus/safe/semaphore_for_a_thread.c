// truth: safe: posts a semaphore for a thread that waits for it, and counts by an atomic
#include "corpus.h"
#include <stdatomic.h>
static sem_t wakeup;
static atomic_uint pending;
static void on_usr1(int sig) { int e = errno; (void)sig; atomic_fetch_add(&pending, 1); sem_post(&wakeup); errno = e; }
static void *worker(void *arg) {
    (void)arg;
    for (;;) {
        while (sem_wait(&wakeup) < 0 && errno == EINTR) ;
        unsigned n = atomic_exchange(&pending, 0);
        if (n) printf("%u requests\n", n);
    }
}
int main(void) {
    pthread_t t; sem_init(&wakeup, 0, 0);
    struct sigaction sa = {0}; sa.sa_handler = on_usr1; sa.sa_flags = SA_RESTART; sigaction(SIGUSR1, &sa, 0);
    pthread_create(&t, 0, worker, 0);
    for (;;) pause();
}
