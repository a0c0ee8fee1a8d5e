// truth: unsafe: a thread counts down by one instruction without a lock what the handler, on another thread, counts up
#include "corpus.h"
static int n;
static void handler(int s) { (void)s; n++; }
static void *work(void *p) { for (;;) { usleep(10); n--; } return p; }
int main(void) { pthread_t t; INSTALL(SIGUSR1, handler); pthread_create(&t, 0, work, 0); for (;;) { pause(); printf("%d\n", n); } }
