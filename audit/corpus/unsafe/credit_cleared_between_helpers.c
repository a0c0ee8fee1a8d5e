// truth: unsafe: one function tests what another one lowers, and the handler clears it in between
#include "corpus.h"
static unsigned credit = 10;
NOINLINE static int is_enough(void) { return __atomic_load_n(&credit, __ATOMIC_RELAXED) >= 3; }
NOINLINE static void take(void) { __atomic_sub_fetch(&credit, 3, __ATOMIC_RELAXED); }
static void handler(int s) { (void)s; __atomic_store_n(&credit, 0, __ATOMIC_RELAXED); }
NOINLINE static void spend(void) { if (is_enough()) { puts("take"); take(); } }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { sleep(1); spend(); } }
