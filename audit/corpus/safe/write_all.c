// truth: safe: repeats write until everything is written or an error other than EINTR occurs; each round makes progress or ends
#include "corpus.h"
NOINLINE static void put(int fd, const char *p, size_t n) {
    while (n > 0) {
        ssize_t done = write(fd, p, n);
        if (done < 0) { if (errno == EINTR) continue; break; }
        p += done;
        n -= (size_t)done;
    }
}
static void handler(int s) { int saved = errno; (void)s; put(2, "interrupted\n", 12); errno = saved; }
MAIN(handler)
