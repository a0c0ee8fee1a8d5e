// truth: safe: reads what a pipe has, into 8 kB of the ordinary stack
// flags: -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=0
#include "corpus.h"
static int fd;
static _Atomic unsigned long total;
static void handler(int s) { int saved = errno; char text[8192]; ssize_t n; (void)s; while ((n = read(fd, text, sizeof text)) > 0) total += (unsigned long)n; errno = saved; }
int main(void) { INSTALL(SIGIO, handler); for (;;) pause(); }
