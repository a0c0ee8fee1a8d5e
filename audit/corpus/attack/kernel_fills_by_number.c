// truth: unsafe: read, by its number, stores up to 256 bytes to an array of 16 of the frame
#include "corpus.h"
NOINLINE static void use(const void *p) { __asm__ volatile("" :: "r"(p) : "memory"); }
static void handler(int s) { int keep = errno; char one[16]; (void)s; syscall(SYS_read, 3, one, 256); use(one); errno = keep; }
MAIN(handler)
