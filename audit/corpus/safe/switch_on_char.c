// truth: safe: the compiler bounds the lowest byte alone, and widens it as the index of the jump table
// expect: pass
#include "corpus.h"
static volatile char text[16] = "none";
static volatile sig_atomic_t sum;

static __attribute__((noinline)) int weigh(const volatile char *from) {
    int n = 0;
    for (int i = 0; i < 16; i++)
        switch (from[i]) {
        case '$': n += 1; break;
        case '%': n ^= 22; break;
        case '(': n |= 3; break;
        case 'd': n *= 3; break;
        case 'n': n -= 7; break;
        case 'q': n |= 9; break;
        case 'y': n = ~n; break;
        case 'z': return n;
        }
    return n;
}
static void handler(int s) { (void)s; sum = weigh(text); }
MAIN(handler)
