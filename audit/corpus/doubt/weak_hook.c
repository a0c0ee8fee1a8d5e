// truth: doubt: a weak function that no file defines here is called if it is there
#include "corpus.h"
__attribute__((weak)) void hook(int s);
static void handler(int s) { if (hook) hook(s); }
MAIN(handler)
