// truth: unsafe: with _FORTIFY_SOURCE printf is __printf_chk
// flags: -O1 -D_FORTIFY_SOURCE=2
#include "corpus.h"
static void handler(int s) { printf("signal %d\n", s); }
MAIN(handler)
