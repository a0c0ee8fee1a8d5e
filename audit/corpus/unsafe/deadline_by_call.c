// truth: unsafe: the handler reads a time of two words that the program has clock_gettime fill, without blocking the signal
#include "corpus.h"
static struct timespec deadline; static volatile long left;
static void handler(int s) { (void)s; left = deadline.tv_sec * 1000 + deadline.tv_nsec / 1000000; }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { clock_gettime(CLOCK_MONOTONIC, &deadline); usleep(10); } }
