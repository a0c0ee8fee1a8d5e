// truth: unsafe: pthread_cancel is not on the list (it may load a library)
#include "corpus.h"
static pthread_t worker;
static void handler(int s) { (void)s; pthread_cancel(worker); }
static void *work(void *a) { for (;;) pause(); return a; }
int main(void) { pthread_create(&worker, 0, work, 0); INSTALL(SIGUSR1, handler); for (;;) pause(); }
