// expect: open
// The signal is blocked meanwhile, by a system call of the program's own.
#include "corpus.h"
static volatile int n;
static void handler(int sig) { n++; }
NOINLINE static void mask(long how)
{
    unsigned long m = 1ul << (SIGUSR1 - 1), done;
    register long size __asm__("r10") = 8;
    __asm__ volatile("syscall" : "=a"(done) : "a"(SYS_rt_sigprocmask), "D"(how), "S"(&m), "d"(0l), "r"(size) : "rcx", "r11", "memory");
}
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { pause(); mask(SIG_BLOCK); n = (n + 5) % 7; mask(SIG_UNBLOCK); } }
