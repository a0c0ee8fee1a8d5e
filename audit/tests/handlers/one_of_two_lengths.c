// expect: pass
// The loop runs to one of two lengths; clang unrolls it for both.
#include "corpus.h"
static char from[64];
static void handler(int s) {
    int saved = errno, n = s == SIGUSR1 ? 7 : 30;
    char copy[32];
    for (int i = 0; i < n; i++) copy[i] = from[i] ^ 32;
    copy[n] = '\n';
    (void)!write(2, copy, (size_t)n + 1);
    errno = saved;
}
int main(int argc, char **argv) { (void)argv; memset(from, 'a' + argc, sizeof from); INSTALL(SIGUSR1, handler); INSTALL(SIGUSR2, handler); for (;;) pause(); }
