// truth: safe: the mean of two atomics is stored if the divisor is at least one
#include "corpus.h"
#include <stdatomic.h>
static atomic_int sum, count, mean;
static void on_alarm(int sig) {
    (void)sig;
    int n = atomic_load(&count);
    if (n < 1) return;
    atomic_store(&mean, atomic_load(&sum) / n);
}
int main(void) {
    INSTALL(SIGALRM, on_alarm);
    raise(SIGALRM);
    for (int i = 1; i < 4; i++) { atomic_fetch_add(&sum, i * 10); atomic_fetch_add(&count, 1); }
    raise(SIGALRM);
    return atomic_load(&mean) != 20;
}
