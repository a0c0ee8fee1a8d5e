// expect: pass
// The slot is filled, and then the head is raised.
#include "corpus.h"
static struct { volatile int kind; volatile char data; } slots[16];
static volatile unsigned head, tail = 3;
static volatile sig_atomic_t sum;
static void handler(int s) {
    unsigned at = tail & 15;
    if (tail != head)
        sum = slots[at].kind + slots[at].data;
}
int main(int count, char **names) {
    INSTALL(SIGUSR1, handler);
    for (int i = 0; i < 40 + count; i++) {
        unsigned at = head & 15;
        slots[at].kind = i;
        slots[at].data = (char)(i + 1);
        head = head + 1;
    }
    return 0;
}
