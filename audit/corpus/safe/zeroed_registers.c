// truth: safe: compiled to clear every register that a call may change, as OpenSSH of Debian is
// flags: -fzero-call-used-regs=all
// only: gcc
#include "corpus.h"
volatile sig_atomic_t flag;
static void handler(int s) { flag = s; }
MAIN(handler)
