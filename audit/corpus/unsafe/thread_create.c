// truth: unsafe: pthread_create allocates a stack
#include "corpus.h"
static void *work(void *a) { return a; }
static void handler(int s) { pthread_t t; (void)s; pthread_create(&t, 0, work, 0); }
MAIN(handler)
