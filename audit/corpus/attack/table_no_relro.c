// truth: unsafe: the table of functions is in .data.rel.ro, but the program is linked without RELRO, so it stays writable
// flags: -fPIE -pie -Wl,-z,norelro
// only: gcc-O2
#include "corpus.h"
volatile sig_atomic_t last;
NOINLINE static void up(int s) { last = s; }
NOINLINE static void down(int s) { last = -s; }
static void (*const table[2])(int) = {up, down};
static void loud(int s) { printf("%d\n", s); }
static void handler(int s) { table[s & 1](s); }
int main(int argc, char **argv) { (void)argv; INSTALL(SIGUSR1, handler); if (argc > 1) *(void (**)(int))(uintptr_t)&table[1] = loud; for (;;) pause(); }
