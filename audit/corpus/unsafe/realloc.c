// truth: unsafe: realloc
#include "corpus.h"
void *volatile block;
static void handler(int s) { block = realloc(block, (size_t)s * 16); }
MAIN(handler)
