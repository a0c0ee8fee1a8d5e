// truth: safe: the seconds since the start in decimal digits, by clock_gettime and write
#include "corpus.h"
static time_t start;
static void handler(int s) {
    int saved = errno;
    struct timespec now;
    char text[24];
    int at = sizeof text;
    unsigned long n;
    (void)s;
    clock_gettime(CLOCK_MONOTONIC, &now);
    n = (unsigned long)(now.tv_sec - start);
    text[--at] = '\n';
    for (int digits = 0; digits < 20; digits++) { text[--at] = (char)('0' + n % 10); n /= 10; if (!n) break; }
    (void)!write(2, text + at, sizeof text - (size_t)at);
    errno = saved;
}
MAIN(handler)
