// truth: find: the handler's place is an exported variable of a library that any program may set
// kind: shared
#include "corpus.h"
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
void (*library_handler)(int) = good;
void library_start(void) { INSTALL(SIGUSR1, library_handler); }
