// truth: unsafe: exit runs what atexit was given and flushes stdio
#include "corpus.h"
static void handler(int s) { exit(s); }
int main(void) { INSTALL(SIGTERM, handler); for (;;) pause(); }
