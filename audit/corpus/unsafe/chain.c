// truth: unsafe: stdio six calls down, behind a condition
#include "corpus.h"
volatile sig_atomic_t n, odd;
NOINLINE static void f6(int s) { n = n + 1; if (odd + s == 99) { fflush(stdout); n = 6; } }
NOINLINE static void f5(int s) { n = 5; f6(s); n = 5; }
NOINLINE static void f4(int s) { n = 4; f5(s); n = 4; }
NOINLINE static void f3(int s) { n = 3; f4(s); n = 3; }
NOINLINE static void f2(int s) { n = 2; f3(s); n = 2; }
NOINLINE static void f1(int s) { n = 1; f2(s); n = 1; }
static void handler(int s) { f1(s); f1(s + 1); }
MAIN(handler)
