// truth: unsafe: puts a character into the buffer of stdout, without its lock
#include "corpus.h"
static void handler(int s) { (void)s; putc_unlocked('x', stdout); }
MAIN(handler)
