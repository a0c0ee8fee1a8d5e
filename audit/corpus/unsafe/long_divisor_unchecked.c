// truth: unsafe: a 64-bit total that starts as zero is tested for its sign only, and divides
#include "corpus.h"
#include <stdatomic.h>
static atomic_long total, share;
static void on_alarm(int sig) {
    long t = atomic_load(&total);
    if (t < 0) return;
    atomic_store(&share, sig * 1000L / t);
}
int main(void) {
    INSTALL(SIGALRM, on_alarm);
    atomic_store(&total, 5);
    raise(SIGALRM);
    return atomic_load(&share) != SIGALRM * 1000L / 5;
}
