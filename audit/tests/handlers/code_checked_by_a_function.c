// expect: open
// A function says whether the code is one of the table's.
#include "corpus.h"
static const char *const names[8] = { "0", "1", "2", "3", "4", "5", "6", "7" };
static NOINLINE int is_known(int code) { return code >= 0 && code < 8; }
static void handler(int s, siginfo_t *i, void *u) { (void)s; (void)u; int e = errno; int code = i->si_code; if (is_known(code)) write(2, names[code], 1); errno = e; }
MAIN_INFO(handler)
