// truth: safe: writes decimal digits by a recursion of ten levels at most
#include "corpus.h"
NOINLINE static void digits(unsigned v) { if (v >= 10) digits(v / 10); char c = '0' + v % 10; ssize_t r = write(2, &c, 1); (void)r; }
static void handler(int sig, siginfo_t *si, void *u) { int e = errno; digits((unsigned)si->si_pid); errno = e; }
MAIN_INFO(handler)
