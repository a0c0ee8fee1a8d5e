// truth: unsafe: a lock made of compare-and-swap; if the interrupted code holds it the handler never ends
#include "corpus.h"
#include <stdatomic.h>
static _Atomic int lock;
volatile sig_atomic_t n;
static void handler(int s) {
    int free_lock = 0;
    (void)s;
    while (!atomic_compare_exchange_strong(&lock, &free_lock, 1)) free_lock = 0;
    n = n + 1;
    atomic_store(&lock, 0);
}
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { int z = 0; while (!atomic_compare_exchange_strong(&lock, &z, 1)) z = 0; n = n + 1; atomic_store(&lock, 0); } }
