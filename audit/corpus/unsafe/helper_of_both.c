// truth: unsafe: one function that computes a word from itself is called by the handler and by the program
// expect: fail
#include "corpus.h"
static volatile unsigned long sum;
__attribute__((noinline)) static void add(unsigned long k) { sum = sum * 3 + k; }
static void handler(int s) { add((unsigned long)s); }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { pause(); add(1); } }
