// expect: open
#include "corpus.h"
static volatile sig_atomic_t state[8];
static volatile pid_t child[8];
static void handler(int s) {
    int saved = errno;
    (void)s;
    for (int i = 0; i < 8; i++) { pid_t p = child[i]; if (p > 0 && waitpid(p, 0, WNOHANG) == p) state[i] = 2; }
    errno = saved;
}
int main(void) {
    INSTALL(SIGCHLD, handler);
    for (int i = 0; i < 8; i++) { pid_t p = fork(); if (!p) _exit(i); child[i] = p; }
    while (state[0] != 2) pause();
}
