// expect: open
// A name, digits and an end are put into a line of the frame one after the other; what may follow from that is as open as that is.
#include "corpus.h"
static struct { const char name[12]; volatile unsigned long value; } counts[2] = {{"accepted", 0}, {"rejected", 0}};
static NOINLINE unsigned decimal(char out[20], unsigned long v) {
    char rev[20];
    unsigned n = 0, i;
    do { rev[n++] = (char)('0' + v % 10); v /= 10; } while (v && n < sizeof rev);
    for (i = 0; i < n; i++) out[i] = rev[n - 1 - i];
    return n;
}
static NOINLINE void print(unsigned k) {
    char line[48];
    unsigned n = 0;
    while (n < sizeof counts[k].name && counts[k].name[n]) { line[n] = counts[k].name[n]; n++; }
    line[n++] = '=';
    n += decimal(line + n, counts[k].value);
    line[n++] = '\n';
    if (write(2, line, n) < 0) return;
}
static void handler(int s) { int e = errno; for (unsigned k = 0; k < 2; k++) print(k); errno = e; }
MAIN(handler)
