// truth: safe: an object file with a section for each function, so that all begin at address zero
// kind: object
// flags: -ffunction-sections -fdata-sections
#include "corpus.h"
volatile sig_atomic_t flag;
NOINLINE static void set(int s) { flag = s; }
static void handler(int s) { set(s); set(s + 1); }
void noisy(int s) { printf("%d\n", s); }
MAIN(handler)
