// truth: unsafe: si_code, which may be negative, chooses the element of a table
#include "corpus.h"
static const char *const names[8] = { "0", "1", "2", "3", "4", "5", "6", "7" };
static void handler(int s, siginfo_t *i, void *u) { (void)s; (void)u; int e = errno; const char *t = names[i->si_code]; write(2, t, 1); errno = e; }
MAIN_INFO(handler)
