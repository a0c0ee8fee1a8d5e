// truth: unsafe: backtrace_symbols allocates, and backtrace loads a library at its first call
#include "corpus.h"
static void handler(int s) {
    void *frames[32];
    int n = backtrace(frames, 32);
    char **names = backtrace_symbols(frames, n);
    if (names) for (int i = 0; i < n; i++) (void)!write(2, names[i], strlen(names[i]));
    _exit(s);
}
int main(void) { INSTALL(SIGSEGV, handler); for (;;) pause(); }
