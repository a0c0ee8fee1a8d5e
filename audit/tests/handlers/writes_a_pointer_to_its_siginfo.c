// expect: undecided
// The handler writes the pointer to its siginfo to the pipe, not the siginfo: it is gone when the reader looks.
#include "corpus.h"
static int p[2];
static void handler(int s, siginfo_t *info, void *c) { int keep = errno; (void)s; (void)c; write(p[1], &info, sizeof info); errno = keep; }
int main(void) {
    pipe2(p, O_NONBLOCK | O_CLOEXEC); INSTALL_INFO(SIGUSR1, handler);
    for (;;) { siginfo_t *got; pause(); if (read(p[0], &got, sizeof got) == sizeof got) printf("%d\n", got->si_pid); }
}
