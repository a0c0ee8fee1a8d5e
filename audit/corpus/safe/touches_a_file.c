// truth: safe: utime is on the list of signal-safety(7)
#include "corpus.h"
#include <utime.h>
static void handler(int s) { (void)s; int e = errno; utime("/run/x.stamp", 0); errno = e; }
MAIN(handler)
