// truth: doubt: fork is on the list of signal-safety(7) with a note, and was removed from POSIX in 2024
#include "corpus.h"
static void handler(int s) { int saved = errno; (void)s; if (fork() == 0) _exit(0); errno = saved; }
MAIN(handler)
