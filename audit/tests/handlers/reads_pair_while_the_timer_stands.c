// expect: open
// The program stops the timer for the stores.
#include "corpus.h"
struct range { volatile long low, high; };
static struct range shared;
static volatile long width;
static NOINLINE void set(struct range *r, long low, long n) { r->low = low; r->high = low + n; }
static void handler(int s) { (void)s; width = shared.high - shared.low; }
int main(void) { INSTALL(SIGALRM, handler); for (long i = 0;; i++) { alarm(0); set(&shared, i, 8); alarm(1); usleep(10); } }
