// truth: unsafe: rt_sigaction by number, with the flags of the kernel, and SA_SIGINFO is missing
#include "corpus.h"
_Atomic int who;
struct kernel_action { void *handler; unsigned long flags; void *restorer; unsigned long mask; };
__asm__(".text\n.globl back\n.type back,@function\nback:\nmov $15,%eax\nsyscall\n.size back,.-back\n");
void back(void);
static void handler(int s, siginfo_t *info, void *context) { (void)s; (void)context; who = info->si_pid; }
int main(void) {
    struct kernel_action sa = {handler, 0x04000000, back, 0};
    syscall(SYS_rt_sigaction, SIGUSR1, &sa, 0, 8);
    for (;;) pause();
}
