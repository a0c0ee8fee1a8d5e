// truth: safe: the third interrupt ends the process
#include "corpus.h"
static void handler(int s) { static volatile sig_atomic_t n; if (++n >= 3) _exit(128 + s); }
int main(void) { INSTALL(SIGINT, handler); for (;;) pause(); }
