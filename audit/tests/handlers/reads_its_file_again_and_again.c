// expect: undecided
// The handler reads its file until there is nothing more, and goes back to the beginning each time.
#include "corpus.h"
static int fd;
static void handler(int s) { int keep = errno; char b[16]; (void)s; while (read(fd, b, sizeof b) > 0) { write(1, b, 1); lseek(fd, 0, SEEK_SET); } errno = keep; }
int main(void) { fd = open("/etc/passwd", O_RDONLY); INSTALL(SIGUSR1, handler); for (;;) pause(); }
