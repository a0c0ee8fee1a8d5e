// truth: safe: the PID of the sender in hexadecimal digits
#include "corpus.h"
static void handler(int s, siginfo_t *info, void *context) {
    static const char digits[16] = "0123456789abcdef";
    int saved = errno;
    char text[9];
    unsigned pid = (unsigned)info->si_pid;
    (void)s; (void)context;
    for (int i = 0; i < 8; i++) text[i] = digits[pid >> (28 - 4 * i) & 15];
    text[8] = '\n';
    (void)!write(2, text, sizeof text);
    errno = saved;
}
MAIN_INFO(handler)
