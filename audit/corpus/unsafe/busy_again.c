// truth: unsafe: repeats a write while the pipe is full; only the interrupted code empties it
#include "corpus.h"
static int fds[2];
static void handler(int s) {
    int saved = errno;
    (void)s;
    while (write(fds[1], "x", 1) < 0 && errno == EAGAIN) ;
    errno = saved;
}
MAIN(handler)
