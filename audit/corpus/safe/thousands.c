// truth: safe: an atomic number is formatted with a comma every three digits into an array large enough for any, and written; errno kept
// expect: open
#include "corpus.h"
#include <stdatomic.h>
static atomic_ulong bytes;
static void on_usr1(int sig) {
    int saved = errno;
    char text[32];
    int at = sizeof text, digits = 0;
    unsigned long n = atomic_load(&bytes);
    (void)sig;
    text[--at] = '\n';
    do {
        if (digits && digits % 3 == 0) text[--at] = ',';
        text[--at] = (char)('0' + n % 10);
        n /= 10;
        digits++;
    } while (n);
    write(2, text + at, sizeof text - (size_t)at);
    errno = saved;
}
int main(void) {
    atomic_store(&bytes, 1234567890123ul);
    INSTALL(SIGUSR1, on_usr1);
    raise(SIGUSR1);
    return 0;
}
