// truth: find: the number of the system call is one of a few, which conditional moves may choose
#include "corpus.h"
#include <sys/syscall.h>
struct kernel_action { void (*handler)(int); unsigned long flags; void (*restorer)(void); unsigned long mask; };
void return_from_handler(void);
__asm__("return_from_handler: mov $15, %eax\n syscall\n");
static volatile sig_atomic_t flag;
static void good(int s) { flag = s; }
static void bad(int s) { printf("%d\n", s); }
static __attribute__((noinline)) long act(int what, long signal, void *p) {
    long number, result;
    register long r10 __asm__("r10") = 8;
    switch (what) {
    case 0: number = SYS_rt_sigprocmask; break;
    case 1: number = SYS_rt_sigaction; break;
    case 2: number = SYS_rt_sigsuspend; break;
    default: number = SYS_getpid;
    }
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(signal), "S"(p), "d"(0L), "r"(r10) : "rcx", "r11", "memory");
    return result;
}
int main(int argc, char **argv) {
    struct kernel_action action = { bad, 0x04000000, return_from_handler, 0 };
    (void)argv;
    INSTALL(SIGINT, good);
    act(argc == 1, SIGTERM, &action);
    while (!flag) pause();
    return 0;
}
