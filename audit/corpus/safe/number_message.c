// truth: safe: writes a process number in decimal digits, from the last to the first, and errno is put back
#include "corpus.h"
static void handler(int s) {
    int saved = errno;
    char text[32];
    int at = sizeof text;
    unsigned n = (unsigned)getpid();
    text[--at] = '\n';
    do { text[--at] = (char)('0' + n % 10); n /= 10; } while (n);
    text[--at] = ' ';
    text[--at] = (char)('0' + s % 10);
    write(2, text + at, sizeof text - (size_t)at);
    errno = saved;
}
MAIN(handler)
