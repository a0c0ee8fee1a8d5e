// truth: unsafe: the handler reads through the pointer that the signal's sender chose
#include "corpus.h"
static void handler(int s, siginfo_t *i, void *c) { int keep = errno; (void)s; (void)c; read(0, i->si_value.sival_ptr, 64); errno = keep; }
MAIN_INFO(handler)
