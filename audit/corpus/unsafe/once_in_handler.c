// truth: unsafe: what the handler needs is set up by pthread_once when the first signal comes, and the program uses it too
#include "corpus.h"
static pthread_once_t once = PTHREAD_ONCE_INIT;
static volatile int fd = -1;
static void set_up(void) { fd = open("/dev/null", O_WRONLY); }
static void handler(int sig)
{
    int saved = errno;
    (void)sig;
    pthread_once(&once, set_up);
    write(fd, "x", 1);
    errno = saved;
}
int main(void) { INSTALL(SIGUSR1, handler); for (;;) pthread_once(&once, set_up); }
