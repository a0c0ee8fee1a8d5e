// truth: find: a good handler installs a bad one when it runs
#include "corpus.h"
static volatile sig_atomic_t f;
static void bad(int s) { printf("%d\n", s); _exit(1); }
static void good(int s) { int saved = errno; f = s; signal(s, bad); errno = saved; }
MAIN(good)
