// truth: safe: waitpid with WNOHANG until no child is left, errno put back; the loop ends with the children
#include "corpus.h"
volatile sig_atomic_t reaped;
static void handler(int s) {
    int saved = errno, status;
    (void)s;
    while (waitpid(-1, &status, WNOHANG) > 0) reaped = reaped + 1;
    errno = saved;
}
int main(void) { INSTALL(SIGCHLD, handler); for (;;) pause(); }
