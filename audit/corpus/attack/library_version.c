// truth: unsafe: a library that is not the C library has a send with the C library's version, which prints
// with: own_version.c
#include "corpus.h"
#include <sys/socket.h>
static void handler(int s) { int saved = errno; (void)s; send(1, "x", 1, 0); errno = saved; }
MAIN(handler)
