// truth: unsafe: waits for a flag that only the interrupted code can set
#include "corpus.h"
volatile sig_atomic_t ready;
static void handler(int s) { (void)s; while (!ready) ; }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { pause(); ready = 1; } }
