// truth: unsafe: vfork is not on the list; the child runs on the interrupted stack
#include "corpus.h"
static void handler(int s) {
    int saved = errno;
    (void)s;
    if (vfork() == 0) { execl("/bin/true", "true", (char *)0); _exit(127); }
    errno = saved;
}
MAIN(handler)
