// expect: undecided
// Two threads may run the handler at the same time, and it counts by load and store.
#include "corpus.h"
static volatile unsigned long sum;
static void handler(int s) { unsigned long v = sum; sum = v * 3 + (unsigned)s; }
static void *work(void *p) { for (;;) { pause(); printf("%lu\n", sum); } return p; }
int main(void) {
    pthread_t t; INSTALL(SIGUSR1, handler); pthread_create(&t, 0, work, 0); pthread_create(&t, 0, work, 0);
    for (;;) pause();
}
