// truth: safe: compiled for indirect branch tracking: endbr64, and notrack before the jump of a switch
// flags: -fcf-protection=full
#include "corpus.h"
volatile sig_atomic_t a, b, c, d;
static void handler(int s) {
    switch (s) { case 1: a = b; break; case 2: b = c + 1; break; case 3: alarm(1); break; case 4: d = a; break; case 5: c = getpid(); break; case 6: a = d - 1; break; case 7: _exit(1); }
}
MAIN(handler)
