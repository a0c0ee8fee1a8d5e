// truth: safe: SIGUSR2 has the kernel write the journal by fsync; errno is kept
#include "corpus.h"
static volatile sig_atomic_t journal = -1, synced;
static void on_usr2(int sig) {
    int saved = errno;
    (void)sig;
    if (journal >= 0) synced = fsync(journal) == 0;
    errno = saved;
}
int main(void) {
    journal = open("/tmp", O_RDONLY | O_DIRECTORY);
    INSTALL(SIGUSR2, on_usr2);
    raise(SIGUSR2);
    return !synced;
}
