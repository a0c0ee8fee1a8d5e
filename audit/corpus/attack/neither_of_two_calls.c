// truth: unsafe: repeats while one result of waitpid is not 0 and an older one is not -1, which has no end without children
#include "corpus.h"
static void handler(int s) { int keep = errno; pid_t first = waitpid(-1, 0, WNOHANG), pid; (void)s;
    do pid = waitpid(-1, 0, WNOHANG); while (pid != 0 && first != -2); errno = keep; }
MAIN(handler)
