// expect: undecided
// The longest of three lengths is longer than the array: registers lie behind it that the handler saved.
#include "corpus.h"
static volatile sig_atomic_t mode;
static volatile int level;
static void handler(int s) {
    int saved = errno, n, copy[12];
    (void)s;
    switch (mode) { case 1: n = 3; break; case 2: n = 9; break; default: n = 17; }
    for (int i = 0; i < n; i++) copy[i] = level;
    (void)!write(2, copy, (size_t)n * sizeof *copy);
    errno = saved;
}
int main(int argc, char **argv) { (void)argv; mode = argc; INSTALL(SIGUSR1, handler); for (;;) { level++; pause(); } }
