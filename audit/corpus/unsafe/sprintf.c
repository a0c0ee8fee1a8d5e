// truth: unsafe: sprintf is not on the list, though its buffer is local
#include "corpus.h"
static void handler(int s) { int saved = errno; char text[32]; int n = sprintf(text, "%d\n", s); (void)!write(2, text, (size_t)n); errno = saved; }
MAIN(handler)
