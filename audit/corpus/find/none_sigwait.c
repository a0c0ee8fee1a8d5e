// truth: none: signals are blocked and waited for in the main loop
#include "corpus.h"
int main(void) {
    sigset_t set;
    int s;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, 0);
    while (sigwait(&set, &s) == 0) printf("%d\n", s);
}
