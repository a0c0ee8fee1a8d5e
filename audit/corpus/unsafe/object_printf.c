// truth: unsafe: an object file whose handler prints
// kind: object
#include "corpus.h"
static void handler(int s) { printf("%d\n", s); }
MAIN(handler)
