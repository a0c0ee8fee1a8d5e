// expect: undecided
// The program sets both indices back when the ring is empty: what a signal has added meanwhile is lost.
#include "corpus.h"
static volatile unsigned char ring[64];
static volatile unsigned head, tail;
static void handler(int s) { unsigned h = head; if (h < 64) { ring[h & 63] = (unsigned char)s; head = h + 1; } }
int main(void) {
    INSTALL(SIGUSR1, handler);
    for (;;) { while (tail != head) { printf("%d\n", ring[tail & 63]); tail++; } if (tail == head) head = tail = 0; }
}
