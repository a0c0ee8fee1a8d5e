// truth: find: a library's function installs a handler of the library's own, and the program a good one
// with: own_lib.c
#include "corpus.h"
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
void own_install_own(int s);
int main(void) { signal(SIGINT, good); own_install_own(SIGTERM); for (;;) pause(); }
