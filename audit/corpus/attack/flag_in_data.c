// truth: unsafe: a variable in data that is zero in the file and set by the main program decides
#include "corpus.h"
int verbose;
volatile sig_atomic_t n;
static void handler(int s) { if (verbose) printf("%d\n", s); n = s; }
int main(int argc, char **argv) { (void)argv; verbose = argc > 1; INSTALL(SIGUSR1, handler); for (;;) pause(); }
