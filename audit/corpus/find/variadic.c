// truth: find: pairs of signal and handler as variable arguments
#include "corpus.h"
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
static void bad(int s) { printf("%d\n", s); }
NOINLINE static void all(int n, ...) {
    va_list a;
    va_start(a, n);
    for (int i = 0; i < n; i++) { int s = va_arg(a, int); void (*h)(int) = va_arg(a, void (*)(int)); signal(s, h); }
    va_end(a);
}
int main(void) { all(2, SIGINT, good, SIGTERM, bad); for (;;) pause(); }
