// truth: unsafe: SIGIO appends what it reads to a buffer; the program takes from it without blocking the signal
#include "corpus.h"
static char in[4096]; static volatile size_t used;
static void handler(int s) { (void)s; int e = errno; char b[256]; ssize_t n = read(0, b, sizeof b); if (n > 0 && used + n <= sizeof in && used < sizeof in) { memcpy(in + used, b, n); used += n; } errno = e; }
int main(void) { INSTALL(SIGIO, handler); for (;;) { pause(); if (used > 16) { write(1, in, 16); memmove(in, in + 16, used - 16); used -= 16; } } }
