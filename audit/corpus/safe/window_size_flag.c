// truth: safe: a flag, and the handler installed again, as old programs do
#include "corpus.h"
static volatile sig_atomic_t resized;
static void handler(int s) { int saved = errno; resized = 1; signal(s, handler); errno = saved; }
int main(void) { signal(SIGWINCH, handler); for (;;) { pause(); resized = 0; } }
