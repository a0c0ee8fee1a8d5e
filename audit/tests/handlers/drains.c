// expect: pass
#include <signal.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>
int fd;
static void on(int s) { int saved = errno; char all[64]; (void)s; while (read(fd, all, sizeof all) > 0) ; errno = saved; }
int main(void) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_handler = on; sigaction(SIGUSR1, &a, 0); for (;;) pause(); }
