// truth: safe: calls what a const structure of functions names, by a const pointer
#include "corpus.h"
struct ops { void (*note)(int); void (*wake)(int); };
static volatile sig_atomic_t flag;
static int fd = 1;
static void note(int s) { flag = s; }
static void wake(int s) { int keep = errno; char c = s; while (write(fd, &c, 1) < 0 && errno == EINTR) {} errno = keep; }
static const struct ops ops = {note, wake};
static const struct ops *const used = &ops;
static void handler(int s) { used->note(s); used->wake(s); }
int main(void) {
    struct sigaction a = {.sa_handler = handler};
    sigaction(SIGTERM, &a, 0);
    for (;;) pause();
}
