// truth: safe: the handler divides one number by another, both of which the program raises while the signal is blocked
#include "corpus.h"
static unsigned long items, bytes;
static void handler(int s) {
    int keep = errno;
    char text[24];
    int at = sizeof text;
    unsigned long n = items ? bytes / items : 0;
    (void)s;
    text[--at] = '\n';
    do { text[--at] = (char)('0' + n % 10); n /= 10; } while (n && at > 0);
    write(2, text + at, sizeof text - (size_t)at);
    errno = keep;
}
int main(void) {
    static char buffer[4096];
    ssize_t n;
    sigset_t set;
    INSTALL(SIGUSR1, handler);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    while ((n = read(0, buffer, sizeof buffer)) > 0) {
        sigprocmask(SIG_BLOCK, &set, NULL);
        items++; bytes += (unsigned long)n;
        sigprocmask(SIG_UNBLOCK, &set, NULL);
    }
    return 0;
}
