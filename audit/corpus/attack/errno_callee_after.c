// truth: unsafe: errno is put back, and then a destructor-like helper changes it again
#include "corpus.h"
NOINLINE static void done(int *fd) { close(*fd); }
static void handler(int s) { __attribute__((cleanup(done))) int fd = s; int saved = errno; (void)!write(fd, "x", 1); errno = saved; }
MAIN(handler)
