// expect: open
// The same, and a function tests the word.
#include "corpus.h"
struct range { volatile long low, high; };
static struct range shared;
static volatile sig_atomic_t ready;
static volatile long width;
static NOINLINE void set(struct range *r, long low, long n) { r->low = low; r->high = low + n; }
static NOINLINE int is_ready(void) { return ready == 2; }
static void handler(int s) { (void)s; if (is_ready()) width = shared.high - shared.low; }
int main(void) { INSTALL(SIGUSR1, handler); for (long i = 0;; i++) { ready = 3; set(&shared, i, 8); ready = 2; usleep(10); } }
