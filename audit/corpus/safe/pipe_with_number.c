// truth: safe: self-pipe, the number of the signal as one byte, a lost byte is counted
#include "corpus.h"
static int fds[2];
static volatile sig_atomic_t lost;
static void handler(int s) {
    int keep = errno;
    unsigned char byte = (unsigned char)s;
    ssize_t n;
    do n = write(fds[1], &byte, 1); while (n == -1 && errno == EINTR);
    if (n != 1) lost = 1;
    errno = keep;
}
int main(void) {
    if (pipe2(fds, O_NONBLOCK | O_CLOEXEC)) return 1;
    struct sigaction sa = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigemptyset(&sa.sa_mask);
    sigaction(SIGCHLD, &sa, NULL); sigaction(SIGTERM, &sa, NULL); sigaction(SIGHUP, &sa, NULL);
    for (;;) { unsigned char b; if (read(fds[0], &b, 1) == 1 && b == SIGTERM) return 0; pause(); }
}
