// truth: doubt: -pg calls mcount, which glibc means to be called anywhere but which no list has
// flags: -pg
#include "corpus.h"
volatile sig_atomic_t flag;
static void handler(int s) { flag = s; }
MAIN(handler)
