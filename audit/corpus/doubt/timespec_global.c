// truth: doubt: clock_gettime writes two words into a global that the main program reads
#include "corpus.h"
struct timespec last;
static void handler(int s) { int saved = errno; (void)s; clock_gettime(CLOCK_REALTIME, &last); errno = saved; }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { volatile struct timespec *l = &last; printf("%ld %ld\n", (long)l->tv_sec, l->tv_nsec); } }
