// truth: unsafe: waits for a semaphore that the interrupted code may hold
#include "corpus.h"
static sem_t lock;
volatile sig_atomic_t n;
static void handler(int s) { int saved = errno; (void)s; sem_wait(&lock); n = n + 1; sem_post(&lock); errno = saved; }
int main(void) { sem_init(&lock, 0, 1); INSTALL(SIGUSR1, handler); for (;;) { sem_wait(&lock); sem_post(&lock); } }
