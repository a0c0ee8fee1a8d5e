/* A libatomic of the kind that locks. */
#include "corpus.h"
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
unsigned __int128 __atomic_fetch_add_16(volatile void *p, unsigned __int128 n, int order) {
    (void)order;
    pthread_mutex_lock(&lock);
    unsigned __int128 old = *(volatile unsigned __int128 *)p;
    *(volatile unsigned __int128 *)p = old + n;
    pthread_mutex_unlock(&lock);
    return old;
}
