// truth: unsafe: an object file with a section for each function, so that all begin at address zero
// kind: object
// flags: -ffunction-sections -fdata-sections
#include "corpus.h"
volatile sig_atomic_t flag;
void set(int s) { flag = s; }
NOINLINE static void noisy(int s) { printf("%d\n", s); flag = s; }
static void handler(int s) { noisy(s); noisy(s + 1); }
MAIN(handler)
