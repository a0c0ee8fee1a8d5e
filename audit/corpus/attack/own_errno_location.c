// truth: unsafe: the program has an __errno_location of its own, which allocates
#include "corpus.h"
static int *place;
int *__errno_location(void) { if (!place) place = malloc(sizeof *place); return place; }
static void handler(int s) { int saved = errno; (void)s; (void)!write(1, "x", 1); errno = saved; }
MAIN(handler)
