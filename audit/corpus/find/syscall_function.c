// truth: find: rt_sigaction by syscall()
#include "corpus.h"
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
static void bad(int s) { printf("%d\n", s); _exit(1); }
struct kernel_action { void (*handler)(int); unsigned long flags; void *restorer; unsigned long mask; };
int main(void) { struct kernel_action k = {bad, 0, 0, 0}; signal(SIGINT, good); syscall(SYS_rt_sigaction, SIGTERM, &k, 0, 8); for (;;) pause(); }
