// truth: unsafe: a cleanup attribute frees at the end of the scope
#include "corpus.h"
static void release(char **p) { free(*p); }
static void handler(int s) { __attribute__((cleanup(release))) char *text = strdup("x"); (void)!write(2, text, 1); (void)s; }
MAIN(handler)
