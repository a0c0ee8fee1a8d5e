// truth: unsafe: recvmsg stores up to 4096 bytes to an array of 16
#include "corpus.h"
#include <sys/socket.h>
#include <sys/uio.h>
static char small[16];
char behind[64];
static void handler(int s) { int keep = errno; struct iovec v = { small, 4096 }; struct msghdr m; (void)s; memset(&m, 0, sizeof m); m.msg_iov = &v; m.msg_iovlen = 1; recvmsg(3, &m, MSG_DONTWAIT); write(1, small, 1); errno = keep; }
MAIN(handler)
