// truth: safe: the handler reads two options, which the program stores before it installs the handler
// expect: pass
#include "corpus.h"
static volatile int descriptor, level;
static volatile sig_atomic_t seen;
static void handler(int s) { if (level > 2) seen = s + descriptor; }
__attribute__((noinline)) static void read_options(int n) { descriptor = n * 2; level = n; }
int main(int argc, char **argv) { (void)argv; read_options(argc); INSTALL(SIGUSR1, handler); for (;;) { pause(); printf("%d\n", (int)seen); } }
