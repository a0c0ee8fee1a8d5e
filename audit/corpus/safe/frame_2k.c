// truth: safe: a buffer of 1500 bytes on the stack, less than the smallest alternate stack
#include "corpus.h"
static void handler(int s) {
    int saved = errno;
    char text[1500];
    memset(text, '0' + (s & 7), sizeof text);
    (void)!write(2, text, sizeof text);
    errno = saved;
}
MAIN(handler)
