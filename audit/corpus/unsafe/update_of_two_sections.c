// truth: unsafe: the program loads the word in one critical section and stores it in the next: a signal between is lost
#include "corpus.h"
static volatile unsigned n;
static void handler(int s) { (void)s; n = n + 1; }
int main(void) {
    sigset_t set, old; INSTALL(SIGUSR1, handler); sigemptyset(&set); sigaddset(&set, SIGUSR1);
    for (;;) {
        sigprocmask(SIG_BLOCK, &set, &old);
        unsigned was = n;
        sigprocmask(SIG_SETMASK, &old, 0);
        unsigned next = was > 3 ? was / 2 : was;
        printf("%u\n", next);
        sigprocmask(SIG_BLOCK, &set, &old);
        n = next;
        sigprocmask(SIG_SETMASK, &old, 0);
    }
}
