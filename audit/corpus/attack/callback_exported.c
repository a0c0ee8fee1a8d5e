// truth: unsafe: the handler calls through an exported variable that any library may set
// flags: -rdynamic
#include "corpus.h"
static volatile sig_atomic_t f;
NOINLINE static void quiet(int s) { f = s; }
void (*program_hook)(int) = quiet;
static void handler(int s) { program_hook(s); }
MAIN(handler)
