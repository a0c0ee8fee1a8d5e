// truth: unsafe: abort raises SIGABRT, for which the program has a handler that prints
#include "corpus.h"
static void on_abort(int s) { printf("%d\n", s); }
static void handler(int s) { (void)s; abort(); }
int main(void) { INSTALL(SIGABRT, on_abort); INSTALL(SIGUSR1, handler); for (;;) pause(); }
