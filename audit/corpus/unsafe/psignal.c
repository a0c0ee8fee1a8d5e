// truth: unsafe: psignal prints with stdio
#include "corpus.h"
static void handler(int s) { psignal(s, "got"); }
MAIN(handler)
