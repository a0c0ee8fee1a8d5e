// truth: unsafe: a loop over a local array goes two entries too far, over the return address
// flags: -fno-stack-protector
// only: gcc
#include "corpus.h"
volatile int count = 12;
volatile sig_atomic_t sum;
static void handler(int s) { long text[4]; int n = count; for (int i = 0; i < n; i++) ((volatile long *)text)[i] = s; sum = (int)text[s & 3]; }
MAIN(handler)
