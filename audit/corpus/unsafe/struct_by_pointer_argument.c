// truth: unsafe: the handler reads two words that a helper of the program stores through its argument, without blocking the signal
#include "corpus.h"
struct range { volatile long low, high; };
static struct range shared;
static volatile long width;
static NOINLINE void set(struct range *r, long low, long n) { r->low = low; r->high = low + n; }
static void handler(int s) { (void)s; width = shared.high - shared.low; }
int main(void) { INSTALL(SIGUSR1, handler); for (long i = 0;; i++) { set(&shared, i, 8); usleep(10); } }
