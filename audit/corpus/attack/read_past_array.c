// truth: unsafe: reads up to 4096 bytes into a global array of 16, over what lies behind it
// flags: -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=0
// only: gcc-O0 gcc-O2 clang-O2 gcc-static
#include "corpus.h"
int fd;
char text[16];
char behind[8192];
static void handler(int s) { int saved = errno; (void)s; (void)!read(fd, text, 4096); errno = saved; }
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { pause(); (void)!write(1, behind, sizeof behind); } }
