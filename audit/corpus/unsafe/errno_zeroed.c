// truth: unsafe: errno is set to zero, with no call at all that could fail
#include "corpus.h"
static void handler(int s) { (void)s; errno = 0; }
MAIN(handler)
