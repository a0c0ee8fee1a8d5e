// truth: safe: sigemptyset, sigaddset and sigprocmask are on the list, errno is put back
#include "corpus.h"
static void handler(int s) {
    int saved = errno;
    sigset_t set;
    (void)s;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    errno = saved;
}
MAIN(handler)
