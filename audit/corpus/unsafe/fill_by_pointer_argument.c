// truth: unsafe: the handler reads a time that a helper has clock_gettime store through its argument, without blocking the signal
#include "corpus.h"
static struct timespec deadline; static volatile long left;
static NOINLINE void now(struct timespec *t) { clock_gettime(CLOCK_MONOTONIC, t); t->tv_sec += 5; }
static void handler(int s) { (void)s; left = deadline.tv_sec * 1000 + deadline.tv_nsec / 1000000; }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { now(&deadline); usleep(10); } }
