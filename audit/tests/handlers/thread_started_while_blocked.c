// expect: pass
// The thread begins with the signal blocked, so that the handler runs on the main thread alone.
#include "corpus.h"
static volatile unsigned long sum;
static void handler(int s) { unsigned long v = sum; sum = v * 3 + (unsigned)s; }
static void *work(void *p) { for (;;) sleep(1000); return p; }
int main(void) {
    pthread_t t; sigset_t set; INSTALL(SIGUSR1, handler); sigemptyset(&set); sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, 0); pthread_create(&t, 0, work, 0); pthread_sigmask(SIG_UNBLOCK, &set, 0);
    for (;;) { pause(); printf("%lu\n", sum); }
}
