// truth: unsafe: writes the same byte for as long as that succeeds, which to a file is until the disk is full
#include "corpus.h"
int fd = 2;
static void handler(int s) { int saved = errno; (void)s; while (write(fd, "x", 1) == 1) {} errno = saved; }
MAIN(handler)
