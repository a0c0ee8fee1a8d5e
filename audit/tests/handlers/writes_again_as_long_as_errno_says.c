// expect: undecided
// If errno was EINTR before and write succeeds, it stays EINTR and the loop writes for ever.
#include "corpus.h"
static void handler(int s) { int keep = errno; (void)s; do { write(2, "x", 1); } while (errno == EINTR); errno = keep; }
MAIN(handler)
