// truth: safe: a shared library with a handler of its own, whose helper is exported and called through the PLT
// kind: shared
#include "corpus.h"
volatile sig_atomic_t library_flag;
void library_note(int s) { library_flag = s; }
void library_handler(int s) { library_note(s); library_note(s + 1); }
int library_install(void) { struct sigaction sa; memset(&sa, 0, sizeof sa); sa.sa_handler = library_handler; return sigaction(SIGUSR1, &sa, 0); }
