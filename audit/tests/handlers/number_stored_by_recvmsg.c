// expect: undecided
// What recvmsg has read through its iovec chooses an element, untested.
#include "corpus.h"
#include <sys/socket.h>
static int fd = 0;
static const char *const names[4] = { "a", "b", "c", "d" };
static void handler(int s) {
    int keep = errno; long n = 0; struct iovec v = { &n, sizeof n }; struct msghdr m; (void)s; memset(&m, 0, sizeof m);
    m.msg_iov = &v; m.msg_iovlen = 1; recvmsg(fd, &m, MSG_DONTWAIT); write(2, names[n], 1); errno = keep;
}
MAIN(handler)
