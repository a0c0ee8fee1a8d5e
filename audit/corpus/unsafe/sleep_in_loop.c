// truth: unsafe: sleeps until a flag is set, which the interrupted code has to do
#include "corpus.h"
static volatile sig_atomic_t ready;
static void handler(int s) { int keep = errno; (void)s; while (!ready) sleep(1); errno = keep; }
int main(void) { INSTALL(SIGUSR1, handler); for (int i = 0; i < 100000; i++) {} ready = 1; for (;;) pause(); }
