// expect: fail
// The handler reads from a descriptor over the word in which it has kept errno.
#include "corpus.h"
static struct { char text[4]; int saved; } own;
static void handler(int s) { (void)s; own.saved = errno; (void)!read(3, own.text, 8); errno = own.saved; }
MAIN(handler)
