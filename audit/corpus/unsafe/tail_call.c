// truth: unsafe: the last call is a jump
#include "corpus.h"
void *volatile kept;
static void handler(int s) { (void)s; free(kept); }
MAIN(handler)
