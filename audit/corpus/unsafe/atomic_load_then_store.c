// truth: unsafe: the program loads and stores an atomic word by two operations: what the handler adds between them is lost
// expect: fail
#include "corpus.h"
#include <stdatomic.h>
static _Atomic unsigned n;
static void handler(int s) { atomic_fetch_add(&n, (unsigned)s); }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { pause(); atomic_store(&n, atomic_load(&n) % 100); } }
