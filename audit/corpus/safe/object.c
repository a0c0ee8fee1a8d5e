// truth: safe: an object file, whose calls and data are relocations
// kind: object
#include "corpus.h"
int object_fd = 1;
static void handler(int s) { int saved = errno; char byte = (char)s; (void)!write(object_fd, &byte, 1); errno = saved; }
MAIN(handler)
