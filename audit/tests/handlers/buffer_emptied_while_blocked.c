// expect: open
// The same while the signal is blocked.
#include "corpus.h"
static char buffer[4096];
static volatile size_t length;
static void handler(int s) {
    int saved = errno;
    (void)s;
    (void)!write(1, buffer, length < sizeof buffer ? length : sizeof buffer);
    length = 0;
    errno = saved;
}
static void put(const char *text) {
    size_t n = strlen(text);
    sigset_t set, old;
    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    sigprocmask(SIG_BLOCK, &set, &old);
    if (length + n <= sizeof buffer) {
        memcpy(buffer + length, text, n);
        length += n;
    }
    sigprocmask(SIG_SETMASK, &old, NULL);
}
int main(int argc, char **argv) { (void)argc; INSTALL(SIGALRM, handler); for (;;) put(argv[0]); }
