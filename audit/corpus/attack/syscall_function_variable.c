// truth: unsafe: syscall() with a number that is read from memory
#include "corpus.h"
volatile long number = SYS_getpid;
static void handler(int s) { int saved = errno; syscall(number, s, 0, 0); errno = saved; }
MAIN(handler)
