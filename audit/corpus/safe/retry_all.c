// truth: safe: writes eight bytes, goes on after a short write, tries again after EINTR, and gives up at any other error
#include "corpus.h"
static int fds[2];
static void handler(int s) {
    int keep = errno;
    unsigned long word = s;
    const char *p = (const char *)&word;
    size_t left = sizeof word;
    while (left > 0) {
        ssize_t n = write(fds[1], p, left);
        if (n < 0) { if (errno == EINTR) continue; break; }
        p += n; left -= n;
    }
    errno = keep;
}
int main(void) {
    pipe(fds);
    struct sigaction a = {.sa_handler = handler};
    sigaction(SIGTERM, &a, 0);
    for (;;) pause();
}
