// truth: safe: uname fills a structure of the frame; its release, no longer than the field, is written; errno is kept
#include "corpus.h"
#include <sys/utsname.h>
static void on_usr1(int sig) {
    int saved = errno;
    struct utsname u;
    (void)sig;
    if (uname(&u) == 0) {
        size_t n = 0;
        while (n < sizeof u.release && u.release[n]) n++;
        write(2, u.release, n);
        write(2, "\n", 1);
    }
    errno = saved;
}
int main(void) {
    INSTALL(SIGUSR1, on_usr1);
    raise(SIGUSR1);
    return 0;
}
