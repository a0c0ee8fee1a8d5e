// truth: safe: writes a number that it puts together from the end of an array of the frame; the longest one fits
#include "corpus.h"
static volatile unsigned long blocks;
static void report(int s) {
    char text[24], *at = text + sizeof text;
    unsigned long n = blocks;
    int saved = errno;
    (void)s;
    *--at = '\n';
    do *--at = (char)('0' + n % 10); while (n /= 10);
    write(2, at, (size_t)(text + sizeof text - at));
    errno = saved;
}
int main(void) {
    static char block[65536];
    INSTALL(SIGUSR1, report);
    while (read(0, block, sizeof block) > 0) blocks++;
    return 0;
}
