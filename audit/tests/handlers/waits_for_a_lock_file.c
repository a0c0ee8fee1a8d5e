// expect: fail
#include <signal.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>
static void on(int s) { int saved = errno, fd; (void)s; while ((fd = open("lock", O_CREAT | O_EXCL, 0600)) < 0) ; close(fd); errno = saved; }
int main(void) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_handler = on; sigaction(SIGUSR1, &a, 0); for (;;) pause(); }
