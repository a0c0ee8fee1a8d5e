// truth: find: a static file calls signal through the linker's table, which no loader fills
// only: gcc-static
// flags: -fno-plt -Wl,--no-relax
#include "corpus.h"
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
static void bad(int s) { printf("%d\n", s); }
NOINLINE static void other(void) { signal(SIGUSR1, bad); }
/* The call by way of the stub is seen without the table. */
__asm__(".text\n.type plain,@function\nplain: jmp signal\n.size plain,.-plain\n");
void (*plain(int, void (*)(int)))(int);
int main(void) { plain(SIGTERM, good); other(); while (!f) pause(); return 0; }
