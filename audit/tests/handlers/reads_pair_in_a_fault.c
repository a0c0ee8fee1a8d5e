// expect: open
// The signal comes where the program touches the memory, not between the stores.
#include "corpus.h"
struct range { volatile long low, high; };
static struct range shared;
static volatile long width;
static NOINLINE void set(struct range *r, long low, long n) { r->low = low; r->high = low + n; }
static void handler(int s) { (void)s; width = shared.high - shared.low; _exit(1); }
int main(void) { INSTALL(SIGSEGV, handler); for (long i = 0;; i++) { set(&shared, i, 8); usleep(10); *(volatile char *)i; } }
