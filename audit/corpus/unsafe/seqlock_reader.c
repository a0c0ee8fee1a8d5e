// truth: unsafe: reads a sequence lock, and never ends when it interrupted the writer
#include "corpus.h"
static _Atomic unsigned sequence;
static _Atomic long value;
_Atomic long copy;
static void handler(int s) {
    unsigned before;
    (void)s;
    do { while ((before = sequence) & 1) ; copy = value; } while (sequence != before);
}
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { sequence++; value++; sequence++; } }
