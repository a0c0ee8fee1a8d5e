// truth: unsafe: an object file whose handler calls a function of another file, which nobody can see
// kind: object
#include "corpus.h"
extern void elsewhere(int s);
static void handler(int s) { elsewhere(s); }
MAIN(handler)
