// expect: pass
// The program takes the count and clears it in one instruction.
#include "corpus.h"
static unsigned long count;
static void handler(int s) { (void)s; __atomic_fetch_add(&count, 1, __ATOMIC_SEQ_CST); }
int main(void) { unsigned long all = 0; INSTALL(SIGUSR1, handler); for (;;) { pause(); all += __atomic_exchange_n(&count, 0, __ATOMIC_SEQ_CST); printf("%lu\n", all); } }
