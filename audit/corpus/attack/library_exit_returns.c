// truth: unsafe: a library's abort returns, and behind its call stands stdio
// with: own_abort.c
#include "corpus.h"
void leave_it(void) __asm__("abort");
volatile sig_atomic_t n;
static void handler(int s) { leave_it(); printf("still here %d\n", s); n = 2; }
MAIN(handler)
