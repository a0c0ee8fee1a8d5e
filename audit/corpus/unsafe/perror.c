// truth: unsafe: perror prints with stdio
#include "corpus.h"
static void handler(int s) { int saved = errno; if (kill(-1000000, s)) perror("kill"); errno = saved; }
MAIN(handler)
