// expect: undecided
// The handler raises the index before it fills the entry, and another thread reads the ring at that time.
#include "corpus.h"
static volatile unsigned char ring[64];
static volatile unsigned head;
static void handler(int s) { unsigned h = head; head = h + 1; ring[h & 63] = (unsigned char)s; }
static void *work(void *p) { unsigned tail = 0; for (;;) { while (tail != head) printf("%d\n", ring[tail++ & 63]); usleep(100); } return p; }
int main(void) {
    pthread_t t; sigset_t set; INSTALL(SIGUSR1, handler); sigemptyset(&set); sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, 0); pthread_create(&t, 0, work, 0); pthread_sigmask(SIG_UNBLOCK, &set, 0);
    for (;;) pause();
}
