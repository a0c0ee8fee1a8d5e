// truth: unsafe: the main thread blocks the signal, which then runs its handler on the other thread at the same time
#include "corpus.h"
static volatile unsigned n;
static void handler(int s) { (void)s; n = n + 1; }
static void *work(void *p) { for (;;) sleep(1000); return p; }
int main(void) {
    sigset_t set, old; pthread_t t; INSTALL(SIGUSR1, handler); sigemptyset(&set); sigaddset(&set, SIGUSR1);
    pthread_create(&t, 0, work, 0);
    for (;;) { sigprocmask(SIG_BLOCK, &set, &old); n = n / 3; sigprocmask(SIG_SETMASK, &old, 0); printf("%u\n", n); }
}
