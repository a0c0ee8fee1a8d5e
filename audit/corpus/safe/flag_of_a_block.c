// truth: safe: sets a flag of an object that the program allocates once, if it has done so
#include "corpus.h"
struct base { int magic; volatile sig_atomic_t is_interrupted; const char *name; };
static struct base *base;
static void handler(int s) { (void)s; if (base) base->is_interrupted = 1; }
int main(int argc, char **argv) {
    INSTALL(SIGINT, handler);
    base = calloc(1, sizeof *base);
    if (!base) { fputs("no memory\n", stderr); exit(1); }
    for (;;) {
        pause();
        if (base->is_interrupted) { base->is_interrupted = 0; puts(argc > 1 ? argv[1] : "interrupted"); }
    }
}
