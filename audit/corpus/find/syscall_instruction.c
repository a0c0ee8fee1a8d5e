// truth: find: rt_sigaction by the syscall instruction, and nothing else
#include "corpus.h"
static void bad(int s) { printf("%d\n", s); _exit(1); }
struct kernel_action { void (*handler)(int); unsigned long flags; void *restorer; unsigned long mask; };
int main(void) {
    static struct kernel_action k;
    long result;
    k.handler = bad;
    register long r10 __asm__("r10") = 8;
    __asm__ volatile("syscall" : "=a"(result) : "a"(13L), "D"((long)SIGTERM), "S"(&k), "d"(0L), "r"(r10) : "rcx", "r11", "memory");
    for (;;) pause();
}
