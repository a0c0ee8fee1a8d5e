// truth: safe: compiled with return thunks, so that no function ends in ret
// flags: -mfunction-return=thunk
// only: gcc
#include "corpus.h"
volatile sig_atomic_t flag;
NOINLINE static void set(int s) { flag = s; }
static void handler(int s) { set(s); set(s + 1); }
MAIN(handler)
