// truth: safe: two flags with a full fence between them
#include "corpus.h"
#include <stdatomic.h>
_Atomic int ready, number;
static void handler(int s) {
    atomic_store_explicit(&number, s, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst);
    atomic_store_explicit(&ready, 1, memory_order_relaxed);
}
MAIN(handler)
