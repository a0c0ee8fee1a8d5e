// truth: unsafe: a read lock is taken while the interrupted thread may hold the write lock
#include "corpus.h"
static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
volatile sig_atomic_t n;
static void handler(int s) { if (pthread_rwlock_rdlock(&lock) == 0) { n = s; pthread_rwlock_unlock(&lock); } }
MAIN(handler)
