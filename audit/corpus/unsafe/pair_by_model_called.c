// truth: unsafe: the program calls the handler of a constant action too, with the signal open, so that a pair is stored by halves
#include "corpus.h"
static volatile struct { long sender, value; } last;
static void handler(int s) {
    last.sender = s;
    last.value = -s;
}
static const struct sigaction model = {.sa_handler = handler};
static const struct sigaction *volatile chosen = &model;
NOINLINE static void imitate(int s) { chosen->sa_handler(s); }
int main(void) {
    struct sigaction sa = model;
    sigset_t set;
    sigaction(SIGUSR1, &sa, NULL);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    for (int n = 0;; n++) {
        imitate(n);
        sigprocmask(SIG_BLOCK, &set, NULL);
        long sender = last.sender, value = last.value;
        sigprocmask(SIG_UNBLOCK, &set, NULL);
        printf("%ld: %ld\n", sender, value);
    }
}
