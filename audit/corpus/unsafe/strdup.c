// truth: unsafe: strdup allocates
#include "corpus.h"
char *volatile copy;
static void handler(int s) { (void)s; copy = strdup("signal"); }
MAIN(handler)
