// expect: pass
// The program closes the old descriptor after it has stored the new one.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>
static volatile int log_fd = 2;
static void on(int s) { int e = errno; (void)s; (void)!write(log_fd, "signal\n", 7); errno = e; }
int main(int argc, char **argv) { signal(SIGUSR1, on); for (;;) { int old = log_fd; log_fd = open(argv[argc - 1], O_WRONLY | O_APPEND); close(old); sleep(1); } }
