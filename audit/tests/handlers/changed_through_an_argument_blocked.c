// expect: pass
// The same while the signal is blocked, and before the handler is installed.
#include "corpus.h"
struct range { volatile long low, high; };
static struct range first, second;
static volatile long width;
static NOINLINE void set(struct range *range, long low, long length) { range->low = low; range->high = low + length; }
static void handler(int sig) { (void)sig; width = first.high - first.low + second.high - second.low; }
int main(void)
{
    sigset_t all, old;
    set(&second, 1, 8);
    INSTALL(SIGUSR1, handler);
    sigfillset(&all);
    for (long n = 0;; n++) {
        sigprocmask(SIG_BLOCK, &all, &old);
        set(&first, n, 8);
        sigprocmask(SIG_SETMASK, &old, 0);
        pause();
    }
}
