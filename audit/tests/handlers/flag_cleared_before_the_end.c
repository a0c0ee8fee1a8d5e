// expect: pass
// The program clears the flag before it installs the handler. The test of the flag leads to a call of exit in front of that code.
#include "corpus.h"
static volatile sig_atomic_t stop;
static void handler(int s) { (void)s; stop = 1; }
NOINLINE static void tell(int n) { printf("%d\n", n); }
int main(int c, char **v) {
    (void)v;
    if (c > 2) {
end:
        tell(2);
        exit(0);
    }
    stop = 0;
    INSTALL(SIGTERM, handler);
    for (;;) { pause(); if (stop) break; if (c == getppid()) goto end; }
    return 0;
}
