// truth: unsafe: reads up to 4096 bytes into 16 of its frame
// flags: -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=0 -fno-stack-protector
#include "corpus.h"
int fd;
volatile char first;
static void handler(int s) { int saved = errno; char text[16]; (void)s; if (read(fd, text, 4096) > 0) first = text[0]; errno = saved; }
MAIN(handler)
