// expect: pass
// The handler drains a pipe into a buffer of the file that only it uses.
#include "corpus.h"
static int fds[2]; static char junk[64];
static void handler(int s) { (void)s; int e = errno; while (read(fds[0], junk, sizeof junk) > 0) ; errno = e; }
int main(void) { if (pipe2(fds, O_NONBLOCK)) return 1; INSTALL(SIGUSR1, handler); for (;;) pause(); }
