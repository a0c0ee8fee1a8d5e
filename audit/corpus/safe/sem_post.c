// truth: safe: sem_post is on the list
#include "corpus.h"
sem_t wake;
static void handler(int s) { int saved = errno; (void)s; sem_post(&wake); errno = saved; }
int main(void) { sem_init(&wake, 0, 0); INSTALL(SIGUSR1, handler); for (;;) sem_wait(&wake); }
