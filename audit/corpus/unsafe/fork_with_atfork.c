// truth: unsafe: fork runs what pthread_atfork was given, here an allocation
#include "corpus.h"
void *volatile kept;
static void before(void) { kept = malloc(64); }
static void handler(int s) { int saved = errno; (void)s; if (fork() == 0) _exit(0); errno = saved; }
int main(void) { pthread_atfork(before, 0, 0); INSTALL(SIGUSR1, handler); for (;;) pause(); }
