// truth: safe: a write repeated while it is interrupted, with errno put back
#include "corpus.h"
int fds[2];
static void handler(int s) {
    int saved = errno;
    char byte = (char)s;
    ssize_t n;
    do n = write(fds[1], &byte, 1); while (n < 0 && errno == EINTR);
    errno = saved;
}
MAIN(handler)
