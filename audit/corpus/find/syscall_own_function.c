// truth: find: rt_sigaction by a function of the program that makes any system call, beside a good signal()
#include "corpus.h"
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
static void bad(int s) { printf("%d\n", s); _exit(1); }
struct kernel_action { void (*handler)(int); unsigned long flags; void *restorer; unsigned long mask; };
NOINLINE static long call(long n, long a, long b, long c, long d) {
    long result;
    register long r10 __asm__("r10") = d;
    __asm__ volatile("syscall" : "=a"(result) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
    return result;
}
int main(void) {
    static struct kernel_action k;
    k.handler = bad;
    signal(SIGINT, good);
    call(SYS_getpid, 0, 0, 0, 0);
    call(SYS_rt_sigaction, SIGTERM, (long)&k, 0, 8);
    for (;;) pause();
}
