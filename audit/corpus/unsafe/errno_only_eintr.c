// truth: unsafe: errno is put back only if the call failed with EINTR
#include "corpus.h"
static void handler(int s) { int keep = errno; (void)s; if (kill(getppid(), SIGUSR2) == -1 && errno == EINTR) errno = keep; }
MAIN(handler)
