// expect: undecided
// The program changes both ends of the range through a pointer, one after the other, and the handler reads both.
#include "corpus.h"
struct range { volatile long begin, end; long other[4]; };
static struct range range;
static volatile long length;
NOINLINE static struct range *get(void) { return &range; }
static void handler(int s) { (void)s; length = range.end - range.begin; }
int main(void) { INSTALL(SIGUSR1, handler); for (long k = 0;; k += 64) { struct range *r = get(); r->begin = k; r->end = k + 64; printf("%ld\n", length); } }
