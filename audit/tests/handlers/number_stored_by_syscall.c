// expect: undecided
// What syscall() has read chooses an element, untested; it was 0 before.
#include "corpus.h"
static int fd = 0;
static const char *const names[4] = { "a", "b", "c", "d" };
static void handler(int s) { int keep = errno; long n = 0; (void)s; syscall(SYS_read, fd, &n, sizeof n); write(2, names[n], 1); errno = keep; }
MAIN(handler)
