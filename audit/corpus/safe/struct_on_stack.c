// truth: safe: a structure of 200 bytes is set to zero and filled on the stack (vector stores or rep stos), then written
#include "corpus.h"
struct record { long when, pid, number; char note[176]; };
int fd = 2;
static void handler(int s) {
    int saved = errno;
    struct record r = {0};
    r.number = s;
    r.pid = getpid();
    (void)!write(fd, &r, sizeof r);
    errno = saved;
}
MAIN(handler)
