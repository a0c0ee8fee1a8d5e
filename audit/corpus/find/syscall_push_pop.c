// truth: find: rt_sigaction by the syscall instruction, whose number comes by push and pop, as in handwritten code, beside a good signal()
#include "corpus.h"
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
static void bad(int s) { printf("%d\n", s); _exit(1); }
struct kernel_action { void (*handler)(int); unsigned long flags; void *restorer; unsigned long mask; };
int main(void) {
    static struct kernel_action k;
    long result;
    k.handler = bad;
    signal(SIGINT, good);
    register long r10 __asm__("r10") = 8;
    __asm__ volatile("push $13\n\tpop %%rax\n\tsyscall" : "=a"(result) : "D"((long)SIGTERM), "S"(&k), "d"(0L), "r"(r10) : "rcx", "r11", "memory");
    for (;;) pause();
}
