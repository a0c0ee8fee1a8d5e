// truth: safe: the large code model calls through addresses in registers
// flags: -mcmodel=large -fno-pie -no-pie
// only: gcc-O0 gcc-O2 clang-O2
#include "corpus.h"
volatile sig_atomic_t flag;
NOINLINE static void set(int s) { flag = s; }
static void handler(int s) { set(s); set(s + 1); }
MAIN(handler)
