// truth: unsafe: the stack slot in which errno was saved is filled by read
#include "corpus.h"
static void handler(int s) { struct { char text[4]; int saved; } local; local.saved = errno; (void)!read(s, local.text, 8); errno = local.saved; }
MAIN(handler)
