// truth: unsafe: send comes from a library that is not the C library, and prints
// with: own_lib.c
#include "corpus.h"
#include <sys/socket.h>
static void handler(int s) { int saved = errno; (void)s; send(1, "x", 1, 0); errno = saved; }
MAIN(handler)
