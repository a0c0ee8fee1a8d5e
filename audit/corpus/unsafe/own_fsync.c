// truth: unsafe: a function of the program's own with the name of one of the C library's allocates
#include "corpus.h"
void *volatile last;
int fsync(int fd) { last = malloc(16); return fd; }
static void on_usr1(int sig) { int saved = errno; fsync(sig); errno = saved; }
int main(void) {
    INSTALL(SIGUSR1, on_usr1);
    raise(SIGUSR1);
    return 0;
}
