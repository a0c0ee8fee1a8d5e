// expect: open
// A line is built in a buffer that the handler alone touches and writes out; compilers copy its digits in blocks of sixteen bytes.
#include "corpus.h"
#include <stdatomic.h>
static _Atomic unsigned long requests, errors, bytes;
static char line[128];
static unsigned add_text(unsigned n, const char *s) { while (*s && n < sizeof line) line[n++] = *s++; return n; }
static unsigned add_num(unsigned n, unsigned long v) {
    char d[24]; unsigned k = 0;
    do { d[k++] = (char)('0' + v % 10); v /= 10; } while (v != 0 && k < sizeof d);
    while (k > 0 && n < sizeof line) line[n++] = d[--k];
    return n;
}
static void on_usr1(int sig) {
    int e = errno; unsigned n = 0; (void)sig;
    n = add_text(n, "requests="); n = add_num(n, atomic_load(&requests));
    n = add_text(n, " errors="); n = add_num(n, atomic_load(&errors));
    n = add_text(n, " bytes="); n = add_num(n, atomic_load(&bytes));
    n = add_text(n, "\n");
    (void)!write(STDERR_FILENO, line, n);
    errno = e;
}
int main(void) {
    struct sigaction sa = {0}; sa.sa_handler = on_usr1; sa.sa_flags = SA_RESTART; sigaction(SIGUSR1, &sa, 0);
    char buf[1024];
    for (;;) { ssize_t n = read(0, buf, sizeof buf); requests++; if (n < 0) errors++; else if (n == 0) break; else bytes += (unsigned long)n; }
    return 0;
}
