// truth: unsafe: the handler is an alias of a function that prints
#include "corpus.h"
void real(int s) { printf("%d\n", s); }
void handler(int s) __attribute__((alias("real")));
MAIN(handler)
