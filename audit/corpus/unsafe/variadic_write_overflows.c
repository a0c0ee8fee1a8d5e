// truth: unsafe: a small printf of its own takes its buffer of 16 bytes for one of 1024, and the text leaves the frame
#include "corpus.h"
#define TEN "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
static NOINLINE void say(const char *f, ...) {
    char b[16]; size_t n = 0; va_list a; va_start(a, f);
    for (; *f && n < 1024; f++) {
        if (*f != '%') { b[n++] = *f; continue; }
        f++;
        if (*f == 'd') { unsigned v = va_arg(a, int); char d[10]; int k = 0; do { d[k++] = '0' + v % 10; v /= 10; } while (v && k < 10); while (k > 0 && n < 1024) b[n++] = d[--k]; }
        else break;
    }
    va_end(a); write(2, b, n);
}
static void handler(int s) { int e = errno; say(HUNDRED HUNDRED HUNDRED TEN TEN "signal %d of %d\n", s, getpid()); errno = e; }
MAIN(handler)
