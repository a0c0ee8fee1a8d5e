// truth: safe: two words that belong together are changed by one 16-byte compare-and-swap, in a loop
#include "corpus.h"
struct pair { unsigned long a, b; };
static struct pair now __attribute__((aligned(16)));
static void handler(int s) {
    unsigned long a = 0, b = 0, na, nb;
    unsigned char done;
    do {
        na = a + 1; nb = b + (unsigned long)s;
        __asm__ volatile("lock cmpxchg16b %1; sete %0" : "=q"(done), "+m"(now), "+a"(a), "+d"(b) : "b"(na), "c"(nb) : "cc", "memory");
    } while (!done);
}
MAIN(handler)
