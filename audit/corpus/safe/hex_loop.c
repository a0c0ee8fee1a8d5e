// truth: safe: a loop of sixteen rounds writes a number in hexadecimal to the stack
// flags: -fstack-protector-strong
#include "corpus.h"
static void handler(int s, siginfo_t *info, void *context) {
    int saved = errno;
    char text[17];
    uintptr_t value = (uintptr_t)info->si_addr;
    (void)s; (void)context;
    for (int i = 15; i >= 0; i--) { text[i] = "0123456789abcdef"[value & 15]; value >>= 4; }
    text[16] = '\n';
    (void)!write(2, text, sizeof text);
    errno = saved;
}
int main(void) { INSTALL_INFO(SIGUSR1, handler); for (;;) pause(); }
