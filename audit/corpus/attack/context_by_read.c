// truth: unsafe: the kernel overwrites the saved registers
#include "corpus.h"
static void handler(int s, siginfo_t *i, void *c) { int keep = errno; (void)s; (void)i; read(0, c, 200); errno = keep; }
MAIN_INFO(handler)
