// truth: unsafe: copies a text that the program reads from its arguments into an array of eight bytes
// flags: -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=0 -fno-builtin
#include "corpus.h"
static char name[256], copy[8];
volatile sig_atomic_t first;
static void handler(int s) { (void)s; strcpy(copy, name); first = copy[0]; }
int main(int argc, char **argv) { if (argc > 1) strncpy(name, argv[1], sizeof name - 1); INSTALL(SIGUSR1, handler); for (;;) pause(); }
