// truth: safe: a text of constant length is copied by rep movs into a buffer on the stack, a number appended, and written
#include "corpus.h"
static void handler(int s) {
    int keep = errno;
    char line[64];
    static const char text[] = "stopped by the signal with number ";
    const char *from = text; char *to = line; size_t n = sizeof text - 1;
    __asm__ volatile("rep movsb" : "+S"(from), "+D"(to), "+c"(n) : : "memory");
    unsigned u = s; char digits[4]; int k = 0;
    do { digits[k++] = '0' + u % 10; u /= 10; } while (u && k < 4);
    while (k > 0) *to++ = digits[--k];
    *to++ = '\n';
    write(2, line, to - line);
    errno = keep;
}
int main(void) {
    struct sigaction a = {.sa_handler = handler};
    sigaction(SIGTERM, &a, 0);
    for (;;) pause();
}
