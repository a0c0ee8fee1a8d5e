// truth: unsafe: errno is saved, uname fills a structure of the frame, write changes errno, and one way out does not put it back
#include "corpus.h"
#include <sys/utsname.h>
static void on_usr1(int sig) {
    int saved = errno;
    struct utsname u;
    (void)sig;
    if (uname(&u)) return;
    write(2, u.nodename, strlen(u.nodename));
    if (u.release[0] == '5') return;
    errno = saved;
}
int main(void) {
    INSTALL(SIGUSR1, on_usr1);
    raise(SIGUSR1);
    return 0;
}
