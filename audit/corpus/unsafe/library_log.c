// truth: unsafe: a shared library whose handler prints
// kind: shared
#include "corpus.h"
void library_print(int s) { fprintf(stderr, "%d\n", s); }
static void handler(int s) { library_print(s); }
int library_install(void) { return signal(SIGUSR1, handler) != SIG_ERR; }
