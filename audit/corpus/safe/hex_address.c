// truth: safe: writes the address of the fault in hexadecimal from a local array, then _exit
#include "corpus.h"
static void handler(int s, siginfo_t *info, void *c) {
    (void)s; (void)c;
    char text[2 + 16 + 1]; uintptr_t value = (uintptr_t)info->si_addr; char *p = text + sizeof text;
    *--p = '\n';
    do { *--p = "0123456789abcdef"[value & 15]; value >>= 4; } while (value);
    *--p = 'x'; *--p = '0';
    (void)!write(2, p, text + sizeof text - p);
    _exit(139);
}
int main(void) { INSTALL_INFO(SIGSEGV, handler); for (;;) pause(); }
