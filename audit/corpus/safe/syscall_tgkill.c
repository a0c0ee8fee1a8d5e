// truth: safe: syscall() with a number that is known and permitted, errno put back
#include "corpus.h"
static void handler(int s) {
    int saved = errno;
    (void)s;
    syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGWINCH);
    errno = saved;
}
MAIN(handler)
