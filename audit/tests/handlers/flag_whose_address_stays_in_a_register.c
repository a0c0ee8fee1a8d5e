// expect: pass
// The handler's last address stays in the register of a result, which nobody reads. Another function changes a number behind a
// pointer of its caller.
#include "corpus.h"
static volatile sig_atomic_t flag;
static void handler(int s) { (void)s; __asm__ volatile("lea %0, %%rax\n\tmovl $1, (%%rax)" : "=m"(flag) : : "rax"); }
NOINLINE static void change(volatile int *n) { int was = *n; puts("one"); *n = was - 1; }
int main(int c, char **v) { (void)v; INSTALL(SIGUSR1, handler); for (;;) { pause(); change(&c); if (flag) { flag = 0; puts("two"); } } }
