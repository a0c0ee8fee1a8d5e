// truth: unsafe: the kernel stores one bit for each of 4096 descriptors, and the set has 1024
#include "corpus.h"
#include <sys/select.h>
static void handler(int s) { int keep = errno; fd_set set; struct timespec t = { 0, 0 }; (void)s; memset(&set, 0, sizeof set); FD_SET(3, &set); pselect(4096, &set, 0, 0, &t, 0); errno = keep; }
MAIN(handler)
