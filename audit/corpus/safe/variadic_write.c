// truth: safe: a small printf of its own over write, with numbers, texts and a fixed buffer; errno is kept
#include "corpus.h"
static NOINLINE void say(const char *f, ...) {
    char b[128]; size_t n = 0; va_list a; va_start(a, f);
    for (; *f && n < sizeof b; f++) {
        if (*f != '%') { b[n++] = *f; continue; }
        f++;
        if (*f == 'd') { unsigned v = va_arg(a, int); char d[10]; int k = 0; do { d[k++] = '0' + v % 10; v /= 10; } while (v && k < 10); while (k > 0 && n < sizeof b) b[n++] = d[--k]; }
        else break;
    }
    va_end(a); write(2, b, n);
}
static void handler(int s) { int e = errno; say("signal %d of %d\n", s, getpid()); errno = e; }
MAIN(handler)
