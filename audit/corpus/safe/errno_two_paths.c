// truth: safe: errno is put back on the early return and on the late one
#include "corpus.h"
volatile sig_atomic_t quiet;
static void handler(int s) {
    int saved = errno;
    if (quiet) {
        kill(getpid(), SIGWINCH);
        errno = saved;
        return;
    }
    if (write(2, "signal\n", 7) != 7) quiet = s;
    errno = saved;
}
MAIN(handler)
