// truth: safe: the program takes what the handler counted by one exchange
#include "corpus.h"
#include <stdatomic.h>
static _Atomic unsigned n;
static void handler(int s) { (void)s; atomic_fetch_add(&n, 1); }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { pause(); unsigned taken = atomic_exchange(&n, 0); printf("%u\n", taken); } }
