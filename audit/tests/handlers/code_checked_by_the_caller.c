// expect: open
// The handler checks the code, and a function that loads it again uses it.
#include "corpus.h"
static const char *const names[8] = { "0", "1", "2", "3", "4", "5", "6", "7" };
static NOINLINE void name(siginfo_t *i) { write(2, names[i->si_code], 1); }
static void handler(int s, siginfo_t *i, void *u) { (void)s; (void)u; int e = errno; if (i->si_code >= 0 && i->si_code < 8) name(i); errno = e; }
MAIN_INFO(handler)
