// truth: unsafe: by a system call of its own it tries to write until the pipe has room, which the interrupted code may have to make
#include "corpus.h"
static inline long call3(long n, long a, long b, long c) {
    long r;
    __asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return r;
}
static int to;
static void handler(int s) { char b = (char)s; while (call3(SYS_write, to, (long)&b, 1) == -EAGAIN) { } }
int main(void) {
    int ends[2];
    if (pipe2(ends, O_NONBLOCK)) return 1;
    to = ends[1];
    INSTALL(SIGUSR1, handler);
    for (char b;;) if (read(ends[0], &b, 1) < 0) pause();
}
