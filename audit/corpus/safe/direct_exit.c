// truth: safe: _exit itself is the handler
#include "corpus.h"
int main(void) { signal(SIGTERM, _exit); for (;;) pause(); }
