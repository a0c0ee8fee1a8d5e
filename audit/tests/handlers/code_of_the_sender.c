// expect: fail
// The sender of the signal chooses the element.
#include "corpus.h"
static const char *const names[8] = { "0", "1", "2", "3", "4", "5", "6", "7" };
static void handler(int s, siginfo_t *i, void *u) { (void)s; (void)u; int e = errno; write(2, names[i->si_status], 1); errno = e; }
MAIN_INFO(handler)
