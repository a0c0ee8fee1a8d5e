// expect: open
#include "corpus.h"
#include <stdatomic.h>
static atomic_int children[32];
static atomic_uint ended;
static void handler(int s) {
    int saved = errno, status;
    pid_t p;
    (void)s;
    while ((p = waitpid(-1, &status, WNOHANG)) > 0) {
        for (int i = 0; i < 32; i++) if (atomic_load(&children[i]) == p) { atomic_store(&children[i], 0); break; }
        atomic_fetch_add(&ended, 1);
    }
    errno = saved;
}
int main(void) {
    INSTALL(SIGCHLD, handler);
    for (int i = 0; i < 32; i++) { pid_t p = fork(); if (!p) _exit(i); atomic_store(&children[i], p); }
    while (atomic_load(&ended) < 32) pause();
}
