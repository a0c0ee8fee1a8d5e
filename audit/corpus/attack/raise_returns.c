// truth: unsafe: raise of a signal that is blocked or ignored returns, and what stands behind it runs
#include "corpus.h"
static void handler(int s) { raise(s); exit(1); }
MAIN(handler)
