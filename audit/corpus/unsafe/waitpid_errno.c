// truth: unsafe: the usual SIGCHLD handler without saving errno; its last waitpid leaves ECHILD there
#include "corpus.h"
volatile sig_atomic_t reaped;
static void handler(int s) { (void)s; while (waitpid(-1, NULL, WNOHANG) > 0) reaped = reaped + 1; }
int main(void) { INSTALL(SIGCHLD, handler); for (;;) pause(); }
