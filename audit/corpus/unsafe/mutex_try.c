// truth: unsafe: pthread_mutex_trylock in a handler, then a list is changed
#include "corpus.h"
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; static int waiting;
static void handler(int s) { (void)s; if (pthread_mutex_trylock(&lock) == 0) { waiting++; pthread_mutex_unlock(&lock); } }
MAIN(handler)
