// expect: undecided
// The handler reads two words that a function of the program stores through its argument, without blocking the signal.
#include "corpus.h"
struct range { volatile long low, high; };
static struct range first, second;
static volatile long width;
static NOINLINE void set(struct range *range, long low, long length) { range->low = low; range->high = low + length; }
static void handler(int sig) { (void)sig; width = first.high - first.low; }
int main(void)
{
    INSTALL(SIGUSR1, handler);
    for (long n = 0;; n++) {
        set(&first, n, 8);
        set(&second, n, 8);
        pause();
    }
}
