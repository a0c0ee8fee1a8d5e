// truth: unsafe: random takes a lock
#include "corpus.h"
_Atomic long pick;
static void handler(int s) { (void)s; pick = random(); }
MAIN(handler)
