// truth: unsafe: a volatile structure of two words is filled, which the main loop reads
#include "corpus.h"
static volatile struct { long seconds; long nanoseconds; } when;
static void handler(int s) { int keep = errno; struct timespec t; (void)s; clock_gettime(CLOCK_REALTIME, &t); when.seconds = t.tv_sec; when.nanoseconds = t.tv_nsec; errno = keep; }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { pause(); printf("%ld.%09ld\n", when.seconds, when.nanoseconds); } }
