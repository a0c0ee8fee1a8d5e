// expect: open
// The kernel is told how long the address is.
#include "corpus.h"
#include <sys/socket.h>
static void handler(int s) { int keep = errno; struct sockaddr_storage from; socklen_t n = sizeof from; (void)s; if (getpeername(3, (struct sockaddr *)&from, &n) == 0) write(2, "there\n", 6); errno = keep; }
MAIN(handler)
