// truth: safe: eight bytes written to a descriptor
#include "corpus.h"
int efd = -1;
static void handler(int s) { int saved = errno; uint64_t one = 1; (void)s; (void)!write(efd, &one, sizeof one); errno = saved; }
MAIN(handler)
