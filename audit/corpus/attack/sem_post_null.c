// truth: unsafe: posts to a semaphore by a pointer that is null until the first request
#include "corpus.h"
static sem_t *wake;
static sem_t own;
static void handler(int s) { int saved = errno; (void)s; sem_post(wake); errno = saved; }
int main(void) { INSTALL(SIGUSR1, handler); pause(); sem_init(&own, 0, 0); wake = &own; for (;;) sem_wait(wake); }
