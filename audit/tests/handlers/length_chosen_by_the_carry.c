// expect: open
// clang adds the carry of a comparison to the smaller of two lengths.
#include "corpus.h"
static volatile sig_atomic_t mode;
static char from[64];
static void handler(int s) {
    int saved = errno, width = mode ? 3 : 4;
    char copy[16];
    (void)s;
    for (int y = 0; y < 4; y++) for (int x = 0; x < width; x++) copy[y * width + x] = from[x];
    (void)!write(2, copy, (size_t)width * 4);
    errno = saved;
}
int main(int argc, char **argv) { (void)argv; mode = argc; memset(from, 'a' + argc, sizeof from); INSTALL(SIGUSR1, handler); for (;;) pause(); }
