// truth: safe: copies /proc/self/maps to stderr by system calls of its own, which do not touch errno, and ends
#include "corpus.h"
static inline long call3(long n, long a, long b, long c) {
    long r;
    __asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return r;
}
static void handler(int s) {
    char b[512]; long n, f;
    while ((f = call3(SYS_open, (long)"/proc/self/maps", O_RDONLY, 0)) == -EINTR) { }
    if (f >= 0) {
        while ((n = call3(SYS_read, f, (long)b, sizeof b)) > 0) call3(SYS_write, 2, (long)b, n);
        call3(SYS_close, f, 0, 0);
    }
    call3(SYS_exit_group, 128 + s, 0, 0);
}
MAIN(handler)
