// truth: safe: a thread-local counter of the executable's own, a fixed distance from the thread pointer
#include "corpus.h"
static __thread volatile sig_atomic_t count;
static void handler(int s) { (void)s; count = count + 1; }
int main(void) { INSTALL(SIGUSR1, handler); while (!count) pause(); }
