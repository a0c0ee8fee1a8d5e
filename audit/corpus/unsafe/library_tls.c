// truth: unsafe: a shared library's thread-local, for which __tls_get_addr may allocate at its first use in a thread
// kind: shared
#include "corpus.h"
__thread int library_tls[100];
static void handler(int s) { library_tls[s & 63] = s; }
int library_install(void) { return signal(SIGUSR1, handler) != SIG_ERR; }
