// truth: unsafe: printf of one character, which compilers turn into putchar
#include "corpus.h"
static void handler(int s) { (void)s; printf("."); }
MAIN(handler)
