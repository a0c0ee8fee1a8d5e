// truth: unsafe: waits for a lock file that the interrupted code may have made
#include "corpus.h"
static void handler(int s) {
    int saved = errno, fd;
    (void)s;
    while ((fd = open("lock", O_CREAT | O_EXCL | O_WRONLY, 0600)) < 0) ;
    close(fd);
    unlink("lock");
    errno = saved;
}
int main(void) { INSTALL(SIGUSR1, handler); for (;;) { int fd = open("lock", O_CREAT | O_EXCL | O_WRONLY, 0600); if (fd >= 0) { close(fd); unlink("lock"); } } }
