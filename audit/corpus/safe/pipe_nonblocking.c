// truth: safe: the self-pipe, opened by pipe2, its end kept in an atomic
#include "corpus.h"
static _Atomic int wake = -1;
static void handler(int s) { int saved = errno; unsigned char c = (unsigned char)s; ssize_t n; do n = write(wake, &c, 1); while (n < 0 && errno == EINTR); errno = saved; }
int main(void) {
    int ends[2];
    char c;
    if (pipe2(ends, O_NONBLOCK | O_CLOEXEC)) return 1;
    wake = ends[1];
    INSTALL(SIGTERM, handler);
    INSTALL(SIGHUP, handler);
    for (;;) { pause(); while (read(ends[0], &c, 1) == 1) if (c == SIGTERM) return 0; }
}
