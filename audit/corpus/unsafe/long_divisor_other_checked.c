// truth: unsafe: two 64-bit words: one is compared with zero and the other divides
#include "corpus.h"
#include <stdatomic.h>
static atomic_ulong total, done, share;
static void on_alarm(int sig) {
    unsigned long t = atomic_load(&total), d = atomic_load(&done);
    (void)sig;
    if (d == 0) return;
    atomic_store(&share, d * 100 / t);
}
int main(void) {
    INSTALL(SIGALRM, on_alarm);
    atomic_store(&total, 5);
    atomic_store(&done, 4);
    raise(SIGALRM);
    return atomic_load(&share) != 80;
}
