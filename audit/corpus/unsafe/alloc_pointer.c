// truth: unsafe: a pointer to a function of the C library that is kept in a variable is called
#include "corpus.h"
static void *(*volatile grab)(size_t) = malloc; static void *volatile got;
static void handler(int sig) { got = grab(16); }
MAIN(handler)
