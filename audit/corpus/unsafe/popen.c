// truth: unsafe: popen allocates
#include "corpus.h"
static void handler(int s) { (void)s; FILE *f = popen("date", "r"); if (f) pclose(f); }
MAIN(handler)
