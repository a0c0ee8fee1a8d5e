// expect: undecided
#include "corpus.h"
static volatile unsigned long total;
__attribute__((noinline)) static size_t decimal(unsigned long v, char *to) {
    char digits[20];
    size_t n = 0, i;
    do { digits[n++] = (char)('0' + v % 10); v /= 10; } while (v && n < sizeof digits);
    for (i = 0; i < n; i++) to[i] = digits[n - 1 - i];
    return n;
}
static void handler(int s) {
    int saved = errno;
    struct { char text[8]; int fd; char rest[16]; } line = { .fd = 2 };
    (void)s;
    size_t n = decimal(total, line.text);
    (void)0;
    (void)!write(line.fd, line.text, n);
    errno = saved;
}
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { total += 3; pause(); } }
