// expect: pass
// It tries again what a signal interrupted, also by a function of its own.
#include "corpus.h"
NOINLINE static ssize_t put(const char *t, size_t n) { return write(2, t, n); }
static void handler(int s) { int keep = errno; (void)s; while (put("x", 1) == -1 && errno == EINTR) ; ssize_t n; do n = write(2, "y", 1); while (n < 0 && errno == EINTR); errno = keep; }
MAIN(handler)
