// truth: unsafe: a recursion halves a number, but it ends by a flag of the program, and so perhaps never
#include "corpus.h"
static volatile sig_atomic_t more = 1;
NOINLINE static void bits(unsigned v) { char c = '0' + (v & 1); if (more) bits(v / 2); (void)!write(2, &c, 1); }
static void handler(int s) { bits((unsigned)s); _exit(1); }
MAIN(handler)
