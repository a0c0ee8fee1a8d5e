// truth: unsafe: exit itself is the handler
#include "corpus.h"
int main(void) { signal(SIGTERM, exit); for (;;) { printf("working\n"); pause(); } }
