// truth: unsafe: two functions call each other, and one of them prints behind the call
#include "corpus.h"
volatile sig_atomic_t n;
static void odd(int s);
NOINLINE static void even(int s) { if (s > 0) odd(s - 1); n = n + 1; __asm__ volatile(""); }
NOINLINE static void odd(int s) { if (s > 0) even(s - 1); printf("%d\n", s); n = n + 2; }
static void handler(int s) { even(s & 3); n = 0; }
MAIN(handler)
