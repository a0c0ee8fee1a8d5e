// truth: unsafe: the program has an _exit of its own that returns, and behind its call stands stdio
// only: gcc-O0 gcc-O2-nopie-stripped clang-O0-stripped gcc-O2
// flags: -fno-builtin
#include "corpus.h"
#undef _exit
volatile sig_atomic_t n;
void leave_it(int code) __asm__("_exit");
NOINLINE void leave_it(int code) { n = code; }
static void handler(int s) { leave_it(s); printf("still here\n"); n = 2; }
MAIN(handler)
