// truth: safe: a number is formatted on the stack by division with a base that is an argument
#include "corpus.h"
NOINLINE static unsigned format(char *end, unsigned n, unsigned base) {
    unsigned used = 0;
    do { *--end = "0123456789abcdef"[n % base & 15]; n /= base; used++; } while (n && used < 12);
    return used;
}
static void handler(int s) {
    int saved = errno;
    char text[16];
    unsigned used = format(text + 15, (unsigned)s, 10);
    text[15] = '\n';
    (void)!write(2, text + 15 - used, used + 1);
    errno = saved;
}
MAIN(handler)
