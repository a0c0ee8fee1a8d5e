// expect: undecided
// The handler raises its own signal: it is pending, and comes again as soon as the handler has returned, for ever.
#include "corpus.h"
static volatile sig_atomic_t got;
static void handler(int s) { int keep = errno; got = 1; raise(s); errno = keep; }
MAIN(handler)
