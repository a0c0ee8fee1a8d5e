// truth: safe: the handler only raises a number that the program tests and then lowers by one instruction
#include "corpus.h"
#include <stdatomic.h>
static atomic_uint credit;
static void handler(int s) { (void)s; atomic_fetch_add(&credit, 1); }
int main(void) {
    INSTALL(SIGUSR1, handler);
    for (;;) {
        pause();
        while (atomic_load(&credit) > 0) { puts("one"); atomic_fetch_sub(&credit, 1); }
    }
}
