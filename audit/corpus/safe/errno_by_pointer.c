// truth: safe: errno is saved and restored through one pointer that is asked for once
#include "corpus.h"
static void handler(int s) {
    int *here = &errno, saved = *here;
    (void)s;
    if (write(2, "x", 1) < 0) kill(getppid(), SIGUSR2);
    *here = saved;
}
MAIN(handler)
