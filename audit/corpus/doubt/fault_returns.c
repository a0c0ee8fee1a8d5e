// truth: doubt: a handler of SIGSEGV that returns to the instruction that faulted, for ever
#include "corpus.h"
volatile sig_atomic_t f;
static void handler(int s) { f = s; }
int main(void) { INSTALL(SIGSEGV, handler); return *(volatile int *)0; }
