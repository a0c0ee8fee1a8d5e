// truth: safe: a ring of bytes with one producer, the handler for one signal, and atomic positions
#include "corpus.h"
#include <stdatomic.h>
static unsigned char ring[64];
static atomic_uint head, tail;
static void handler(int sig)
{
    unsigned at = atomic_load_explicit(&head, memory_order_relaxed);
    if (at - atomic_load_explicit(&tail, memory_order_acquire) == sizeof ring)
        return;
    ring[at % sizeof ring] = (unsigned char)sig;
    atomic_store_explicit(&head, at + 1, memory_order_release);
}
int main(void)
{
    INSTALL(SIGUSR1, handler);
    for (;;) {
        unsigned at = atomic_load_explicit(&tail, memory_order_relaxed);
        if (at == atomic_load_explicit(&head, memory_order_acquire))
            pause();
        else
            atomic_store_explicit(&tail, at + 1, memory_order_release);
    }
}
