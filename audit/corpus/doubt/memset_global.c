// truth: doubt: a structure of 64 bytes in a global is cleared; whether it is torn for somebody depends on the reader
#include "corpus.h"
struct { long a[8]; } state;
static void handler(int s) { (void)s; memset(&state, 0, sizeof state); }
MAIN(handler)
