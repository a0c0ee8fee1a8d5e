// expect: open
// A word that the handler tests first tells whether the two are whole.
#include "corpus.h"
struct range { volatile long low, high; };
static struct range shared;
static volatile sig_atomic_t ready;
static volatile long width;
static NOINLINE void set(struct range *r, long low, long n) { r->low = low; r->high = low + n; }
static void handler(int s) { (void)s; if (ready) width = shared.high - shared.low; }
int main(void) { INSTALL(SIGUSR1, handler); for (long i = 0;; i++) { ready = 0; set(&shared, i, 8); ready = 1; usleep(10); } }
