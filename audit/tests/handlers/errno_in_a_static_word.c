// expect: pass
// errno is kept in a word of the file that only the handler uses.
#include "corpus.h"
static int saved;
static void handler(int s) { (void)s; saved = errno; (void)!write(2, "x", 1); errno = saved; }
MAIN(handler)
