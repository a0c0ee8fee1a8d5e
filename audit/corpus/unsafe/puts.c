// truth: unsafe: printf of a constant, which compilers turn into puts
#include "corpus.h"
static void handler(int s) { (void)s; printf("signal\n"); }
MAIN(handler)
