// truth: find: two branches that meet before the one call
#include "corpus.h"
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
static void bad(int s) { printf("%d\n", s); }
static void worse(int s) { free(malloc((size_t)s)); }
int main(int argc, char **argv) {
    void (*h)(int) = good;
    switch (argc) { case 1: puts("one"); break; case 2: h = bad; puts("two"); break; case 3: h = worse; puts(argv[2]); break; default: h = SIG_IGN; }
    signal(SIGTERM, h);
    for (;;) pause();
}
