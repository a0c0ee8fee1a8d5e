// expect: pass
// A number that may be negative is limited from above, and used as a bound and as a length.
#include "corpus.h"
static volatile int level;
static char from[64];
static void handler(int s) {
    int saved = errno, n = level;
    char copy[16];
    (void)s;
    if (n > 16) n = 16;
    for (int i = 0; i < n; i++) copy[i] = from[i];
    if (n > 0) (void)!write(2, copy, (size_t)n);
    errno = saved;
}
int main(int argc, char **argv) { (void)argv; memset(from, 'a' + argc, sizeof from); INSTALL(SIGUSR1, handler); for (;;) { level++; pause(); } }
