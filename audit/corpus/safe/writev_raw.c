// truth: safe: the pieces of a message are written by one writev, a system call of its own that does not touch errno
#include "corpus.h"
#include <sys/uio.h>
static long raw_writev(int fd, const struct iovec *v, long n) {
    long r;
    __asm__ volatile("syscall" : "=a"(r) : "0"((long)SYS_writev), "D"((long)fd), "S"(v), "d"(n) : "rcx", "r11", "memory");
    return r;
}
static void on_usr1(int sig) {
    static const char head[] = "daemon: signal ", tail[] = " ignored\n";
    char digits[2] = {(char)('0' + sig / 10 % 10), (char)('0' + sig % 10)};
    struct iovec v[3];
    v[0].iov_base = (void *)head;
    v[0].iov_len = sizeof head - 1;
    v[1].iov_base = digits;
    v[1].iov_len = sizeof digits;
    v[2].iov_base = (void *)tail;
    v[2].iov_len = sizeof tail - 1;
    raw_writev(2, v, 3);
}
int main(void) {
    INSTALL(SIGUSR1, on_usr1);
    raise(SIGUSR1);
    return 0;
}
