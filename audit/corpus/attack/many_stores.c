// truth: unsafe: twenty unrelated flags and then two words that belong together
#include "corpus.h"
#define V(n) volatile sig_atomic_t v##n;
V(0) V(1) V(2) V(3) V(4) V(5) V(6) V(7) V(8) V(9) V(10) V(11) V(12) V(13) V(14) V(15) V(16) V(17) V(18) V(19)
struct { volatile long low, high; } range;
static void handler(int s) {
#define S(n) v##n = s + n;
    S(0) S(1) S(2) S(3) S(4) S(5) S(6) S(7) S(8) S(9) S(10) S(11) S(12) S(13) S(14) S(15) S(16) S(17) S(18) S(19)
    range.low = s; range.high = s + 1;
}
int main(void) { INSTALL(SIGUSR1, handler); for (;;) if (range.low > range.high) abort(); }
