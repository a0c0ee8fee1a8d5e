// truth: unsafe: the program has a write of its own, which prints; the name is the list's and the function is not
#include "corpus.h"
ssize_t write(int fd, const void *p, size_t n) { printf("%d %p %zu\n", fd, p, n); return (ssize_t)n; }
static void handler(int s) { int saved = errno; (void)s; (void)!write(1, "x", 1); errno = saved; }
MAIN(handler)
