// truth: safe: a block copied to the stack by rep movsq with a constant count, then written
#include "corpus.h"
static const char text[256] = "what happened\n";
static void handler(int s) {
    int saved = errno;
    char copy[256];
    char *to = copy;
    const char *from = text;
    unsigned long n = 32;
    (void)s;
    __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
    (void)!write(2, copy, 14);
    errno = saved;
}
MAIN(handler)
