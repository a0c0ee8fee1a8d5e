// truth: none: no signal function is called
#include "corpus.h"
int main(void) { puts("hello"); return 0; }
