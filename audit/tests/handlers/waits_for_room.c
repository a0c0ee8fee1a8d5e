// expect: fail
#include <signal.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>
int fd;
static void on(int s) { int saved = errno; (void)s; while (write(fd, "x", 1) < 0 && errno == EAGAIN) ; errno = saved; }
int main(void) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_handler = on; sigaction(SIGUSR1, &a, 0); for (;;) pause(); }
