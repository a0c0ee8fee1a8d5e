// truth: find: the handler is good, and the restorer that runs after it prints
#include "corpus.h"
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
static void restorer(void) { puts("after the handler"); _exit(0); }
struct kernel_action { void (*handler)(int); unsigned long flags; void (*restorer)(void); unsigned long mask; };
int main(void) { struct kernel_action k = {good, 0x04000000, restorer, 0}; syscall(SYS_rt_sigaction, SIGTERM, &k, 0, 8); for (;;) pause(); }
