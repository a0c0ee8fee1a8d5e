// truth: find: rt_sigaction by syscall() in a function that installs nothing else
#include "corpus.h"
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
static void bad(int s) { printf("%d\n", s); _exit(1); }
struct kernel_action { void (*handler)(int); unsigned long flags; void *restorer; unsigned long mask; };
NOINLINE static void other(void) { struct kernel_action k = {bad, 0, 0, 0}; syscall(SYS_rt_sigaction, SIGTERM, &k, 0, 8); }
int main(void) { signal(SIGINT, good); other(); for (;;) pause(); }
