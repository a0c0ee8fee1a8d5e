// truth: unsafe: the linker's --wrap sends write to a function that prints
// flags: -Wl,--wrap=write
#include "corpus.h"
ssize_t __wrap_write(int fd, const void *p, size_t n) { printf("%d %p %zu\n", fd, p, n); return 0; }
static void handler(int s) { int saved = errno; (void)s; (void)!write(1, "x", 1); errno = saved; }
MAIN(handler)
