// expect: open
// The next function of that name is the C library's, not the program's own.
#include "corpus.h"
#include <dlfcn.h>
__attribute__((visibility("default"))) int raise(int s) { puts("raise"); return kill(getpid(), s); }
static int (*next)(int);
__attribute__((constructor)) static void load(void) { next = (int (*)(int))dlsym(RTLD_NEXT, "raise"); }
static void handler(int s) { int e = errno; if (next) next(s); errno = e; }
MAIN(handler)
