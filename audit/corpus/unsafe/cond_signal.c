// truth: unsafe: pthread_cond_signal is not on the list
#include "corpus.h"
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static void handler(int s) { (void)s; pthread_cond_signal(&changed); }
MAIN(handler)
