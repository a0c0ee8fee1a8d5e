// truth: safe: a signal that another thread got is sent on to the main thread
#include "corpus.h"
static pthread_t first;
static volatile sig_atomic_t seen;
static void handler(int s) { int saved = errno; if (pthread_self() == first) seen = s; else pthread_kill(first, s); errno = saved; }
int main(void) { first = pthread_self(); INSTALL(SIGUSR1, handler); for (;;) pause(); }
