// truth: safe: a jump table whose targets are all harmless
#include "corpus.h"
volatile sig_atomic_t a, b, c;
static void handler(int s) {
    int saved = errno;
    switch (s) {
    case 1: a = 1; break;
    case 2: (void)!write(1, "2", 1); break;
    case 3: kill(getpid(), 28); break;
    case 4: b = 2; break;
    case 5: alarm(3); break;
    case 6: c = a; break;
    case 7: _exit(7);
    case 8: b = c; a = 2; break;
    case 9: (void)!write(2, "9", 1); break;
    case 10: raise(28); break;
    }
    errno = saved;
}
MAIN(handler)
