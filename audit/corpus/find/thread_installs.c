// truth: find: a thread installs the handler that it was started with
#include "corpus.h"
static volatile sig_atomic_t f;
static void good(int s) { f = s; }
static void bad(int s) { printf("%d\n", s); }
static void *work(void *a) { signal(SIGTERM, (void (*)(int))a); return 0; }
int main(void) { pthread_t t; signal(SIGINT, good); pthread_create(&t, 0, work, (void *)bad); for (;;) pause(); }
