// truth: unsafe: the kernel overwrites the saved errno by what it reads
#include "corpus.h"
static int fd = 0;
static void handler(int s) { struct { int got[2], keep; } l; (void)s; l.keep = errno; syscall(SYS_read, fd, l.got, 12); errno = l.keep; }
MAIN(handler)
